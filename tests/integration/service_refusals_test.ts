import assert from "node:assert/strict";
import * as fc from "fast-check";
import { TestService } from "../support/service.ts";
import { rounds, seed } from "../support/randomness.ts";

interface Operation {
  method: string;
  /** With `{name}` for its parameters. */
  path: string;
  takesBody: boolean;
}

interface Refusal {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  request_id: string;
  errors?: { path: string; message: string }[];
}

const PREFIX = "/api/performance";

/** Every operation of the service, as its own description lists them. */
async function operations(service: TestService): Promise<Operation[]> {
  const response = await fetch(`${service.url}${PREFIX}/openapi.json`);
  assert.equal(response.status, 200, "the description is open to everyone");
  const { paths } = await response.json() as { paths: Record<string, Record<string, object>> };
  const found = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      takesBody: "requestBody" in operation,
    }))
  );
  assert.ok(found.length >= 30, `${found.length} operations`);
  return found;
}

/** Sends a request and gives its refusal; an answer that is none comes back with status alone. */
async function send(
  service: TestService,
  { method, path }: Pick<Operation, "method" | "path">,
  init: RequestInit = {},
): Promise<{ status: number; text: string; problem: Refusal | null }> {
  const response = await fetch(service.url + path, { ...init, method });
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
    await response.body!.cancel();
    return { status: response.status, text: "", problem: null };
  }
  const text = await response.text();
  const isProblem = response.headers.get("content-type") === "application/problem+json";
  return { status: response.status, text, problem: isProblem ? JSON.parse(text) : null };
}

function assertRefusal(answer: Awaited<ReturnType<typeof send>>, what: string): Refusal {
  assert.ok(answer.problem, `${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
  for (const name of ["type", "title", "detail", "instance", "request_id"] as const) {
    assert.equal(typeof answer.problem[name], "string", `${what}: ${name}`);
  }
  assert.equal(answer.problem.status, answer.status, what);
  assert.ok(!/\bat .*\.ts:\d/.test(answer.text), `${what} shows a stack trace`);
  return answer.problem;
}

const filled = (path: string, value: string) =>
  path.replaceAll(/\{[^}]+\}/g, encodeURIComponent(value));

Deno.test("every address refuses whoever has no valid token, and says nothing more", async () => {
  await using service = await TestService.start({ env: { JWT_SECRET: "the platform's secret" } });
  const tokens = [
    undefined,
    "",
    "Bearer",
    "Bearer wrong-token-0123456789",
    `Basic ${btoa("admin:" + service.token)}`,
    `Bearer ${service.token}x`,
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwicm9sZSI6ImFkbWluIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
  ];
  const asked = [
    ...await operations(service),
    { method: "GET", path: `${PREFIX}/no/such/address`, takesBody: false },
    { method: "PATCH", path: `${PREFIX}/health`, takesBody: false },
  ];
  for (const operation of asked) {
    const path = filled(operation.path, "x");
    for (const authorization of tokens) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const answer = await send(service, { method: operation.method, path }, { headers });
      const what = `${operation.method} ${path} with ${authorization}`;
      assert.equal(answer.status, 401, `${what}: ${answer.text}`);
      assertRefusal(answer, what);
    }
  }
  for (const path of ["/healthz", "/readyz"]) {
    assert.equal((await send(service, { method: "GET", path })).status, 200);
  }
  const { status } = await send(service, { method: "GET", path: "/metrics" });
  assert.ok(status === 401 || status === 404, `/metrics without a token: ${status}`);
  assert.ok(!service.logs.join("\n").includes(service.token), "no token shows in a log");
});

Deno.test("rubbish is refused with the reason, and changes nothing", async () => {
  await using service = await TestService.start();
  const headers = { authorization: `Bearer ${service.token}` };
  const json = { ...headers, "content-type": "application/json" };
  const strange = ["", "{", "null", "[]", "1", '"text"', "\u0000", "{]", '{"a":1}{"b":2}'];
  const bodies = [...strange, '{"conversation_id":{"$gt":""},"bot_id":[],"user_message":7}'];
  for (const operation of await operations(service)) {
    if (!operation.takesBody || operation.path.endsWith("/import")) continue;
    const target = { method: operation.method, path: filled(operation.path, "x") };
    for (const body of bodies) {
      const what = `${target.method} ${target.path} with ${body}`;
      const answer = await send(service, target, { headers: json, body });
      // An empty body counts as absent, and `{}` asks for the defaults, where there are any.
      if (answer.status === 200) continue;
      assert.ok([400, 404, 422].includes(answer.status), `${what}: ${answer.status}`);
      const problem = assertRefusal(answer, what);
      if (answer.status === 422) assert.ok(problem.errors!.length > 0, what);
    }
    const form = await send(service, target, {
      headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
      body: "a=b",
    });
    assert.equal(form.status, 415, `${target.method} ${target.path} as a form`);
    const large = await send(service, target, {
      headers: json,
      body: JSON.stringify({ user_message: "x".repeat(2 * 1024 * 1024) }),
    });
    assert.equal(large.status, 413, `${target.method} ${target.path} with 2 MiB`);
  }
  const { body } = await service.request("GET", "/conversations/metrics");
  assert.equal((body.metrics as { total_conversations: number }).total_conversations, 0);
  const { body: tasks } = await service.request("GET", "/tasks?queue=conversations");
  assert.deepEqual(tasks.tasks, []);
});

Deno.test("whatever stands in a path or a query, no answer is a failure of the service", async () => {
  await using service = await TestService.start();
  const headers = { authorization: `Bearer ${service.token}` };
  // A stream does not end, and the other ends the service.
  const all = (await operations(service)).filter(({ path }) => !/(\/events|\/stop)$/.test(path));
  const odd = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.constantFrom("../../etc/passwd", "%00", "\u202e", "__proto__", "constructor", "-1", "NaN"),
    fc.constantFrom("'; drop table kv; --", "{{7*7}}", "<script>", "x".repeat(5_000), "%", "%ff"),
  ).filter((text) => text !== "" && text !== "." && text !== "..");
  const names = fc.constantFrom("limit", "cursor", "date", "wait", "queue", "status", "q", "from");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...all),
      odd,
      names,
      odd,
      async (operation, id, name, value) => {
        // Lone surrogates cannot be written into an address.
        const [safeId, safeValue] = [id.toWellFormed(), value.toWellFormed()];
        const query = new URLSearchParams({ [name]: safeValue });
        const path = `${filled(operation.path, safeId)}?${query}`;
        const answer = await send(service, { method: operation.method, path }, { headers });
        assert.ok(
          answer.status < 500,
          `${operation.method} ${path}: ${answer.status} ${answer.text}`,
        );
        if (answer.status >= 400) assertRefusal(answer, path);
      },
    ),
    { seed, numRuns: rounds(400, 5_000) },
  );
  assert.equal((await service.request("GET", "/health")).status, 200);
  assert.ok(!service.logs.some((line) => line.includes('"error"')), service.logs.join("\n"));
});
