import assert from "node:assert/strict";
import { cyclesOf } from "./cycles.ts";
import { checkLayers } from "./layers.ts";

function problemsOf(files: Record<string, string>): string[] {
  return checkLayers(new Map(Object.entries(files)));
}

Deno.test("layers: an import of a lower layer, of packages and within a room is fine", () => {
  assert.deepEqual(
    problemsOf({
      "lib/log.ts": "",
      "lib/kv/database.ts": 'import { x } from "../log.ts";\nimport { z } from "zod";',
      "lib/jobs/job.ts": "",
      "lib/jobs/queue.ts": 'import "./job.ts";\nimport type { D } from "../kv/database.ts";',
    }),
    [],
  );
});

Deno.test("layers: an import of a higher layer is named, types too", () => {
  assert.deepEqual(
    problemsOf({
      "lib/jobs/job.ts": "",
      "lib/kv/database.ts": '\nimport type { Job } from "../jobs/job.ts";',
    }),
    [
      'lib/kv/database.ts:2: imports "../jobs/job.ts": lib/jobs lies above lib/kv; imports go to lower layers only',
    ],
  );
});

Deno.test("layers: rooms of one layer do not import each other", () => {
  assert.deepEqual(
    problemsOf({ "lib/ai/reply.ts": 'import "../jobs/job.ts";', "lib/jobs/job.ts": "" }),
    [
      'lib/ai/reply.ts:1: imports "../jobs/job.ts": lib/ai and lib/jobs lie in one layer and do not import each other',
    ],
  );
});

Deno.test("layers: islands take types of lib/, preact and each other, and only routes take islands", () => {
  const fine = {
    "lib/jobs/job.ts": "",
    "islands/Bar.tsx": 'import { useState } from "preact/hooks";',
    "islands/Tasks.tsx": 'import type { Job } from "../lib/jobs/job.ts";\nimport "./Bar.tsx";',
    "routes/index.tsx": 'import Tasks from "../islands/Tasks.tsx";',
  };
  assert.deepEqual(problemsOf(fine), []);
  const broken = problemsOf({
    ...fine,
    "islands/Bad.tsx": 'import { Job } from "../lib/jobs/job.ts";\nimport { z } from "zod";',
    "lib/web/render.ts": 'import Bar from "../../islands/Bar.tsx";',
  });
  assert.equal(broken.length, 3);
  assert.match(broken[0]!, /^islands\/Bad\.tsx:1: .*only types from lib/);
  assert.match(broken[1]!, /^islands\/Bad\.tsx:2: .*"zod": of packages, islands use preact/);
  assert.match(broken[2]!, /^lib\/web\/render\.ts:1: .*only routes and islands may import islands/);
});

Deno.test("layers: tests may import anything, nothing may import tests", () => {
  const problems = problemsOf({
    "lib/kv/database.ts": 'import "./database_test.ts";\nimport "../../tools/test.ts";',
    "lib/kv/database_test.ts": 'import "../jobs/job.ts";\nimport "../../tests/support/a.ts";',
    "lib/jobs/job.ts": "",
    "tools/test.ts": 'import "../lib/jobs/job.ts";',
    "tests/support/a.ts": "",
  });
  assert.equal(problems.length, 2);
  for (const problem of problems) assert.match(problem, /only tests, tools and benches may import/);
});

Deno.test("layers: a circle inside a room is shown whole, and a file outside every room named", () => {
  assert.deepEqual(
    problemsOf({
      "lib/kv/a.ts": 'import type { B } from "./b.ts";',
      "lib/kv/b.ts": 'import "./c.ts";',
      "lib/kv/c.ts": 'import "./a.ts";',
      "lib/loose.ts": "",
    }),
    [
      "lib/kv/a.ts: imports itself in a circle: lib/kv/a.ts → lib/kv/b.ts → lib/kv/c.ts → lib/kv/a.ts",
      "lib/loose.ts: lies in no room; give it a place in tools/layer_rules.ts",
    ],
  );
});

Deno.test("layers: a graph without circles has none, one that names itself has one", () => {
  const graph = new Map([["a", ["b", "c"]], ["b", ["c"]], ["c", []]]);
  assert.deepEqual(cyclesOf(graph), []);
  assert.deepEqual(cyclesOf(new Map([["a", ["a"]]])), [["a", "a"]]);
});
