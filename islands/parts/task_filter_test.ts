import assert from "node:assert/strict";
import fc from "fast-check";
import { filterText, parseFilter, suggestions } from "./task_filter.ts";

Deno.test("a filter is written as fields and words, and means one query", () => {
  assert.deepEqual(parseFilter("queue:conversations status:failed bot:x"), {
    queue: "conversations",
    status: "failed",
    q: '"bot_id":"x"',
  });
  assert.deepEqual(parseFilter('name:report late "two words"'), {
    name: "report",
    q: "late two words",
  });
  assert.deepEqual(parseFilter("status:nonsense"), { q: "status:nonsense" });
  assert.deepEqual(parseFilter("  "), {});
  assert.equal(filterText({ q: '"bot_id":"a b" late', queue: "q" }), 'queue:q bot:"a b" late');
});

Deno.test("what a query is written as means the same query", () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
  const query = fc.record({ queue: word, name: word, status: fc.constant("failed" as const) }, {
    requiredKeys: [],
  });
  fc.assert(fc.property(query, word, (query, q) => {
    assert.deepEqual(parseFilter(filterText({ ...query, q })), { ...query, q });
  }));
});

Deno.test("suggestions complete the last term", () => {
  const choices = { queues: ["conversations", "analytics"], names: [], bots: ["returns"] };
  assert.deepEqual(suggestions("", choices), ["queue:", "status:", "name:", "bot:"]);
  assert.deepEqual(suggestions("queue:x st", choices), ["queue:x status:"]);
  assert.deepEqual(suggestions("queue:c", choices), ["queue:conversations"]);
  assert.deepEqual(suggestions("status:failed bot:", choices), ["status:failed bot:returns"]);
  assert.deepEqual(suggestions("constructor:", choices), []);
  assert.deepEqual(suggestions("queue:analytics", choices), []);
});
