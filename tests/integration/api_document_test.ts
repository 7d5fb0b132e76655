// deno-lint-ignore-file no-explicit-any
import assert from "node:assert/strict";
import { z } from "zod";
import { ROUTE_ROLES } from "../../routes/middleware/roles.ts";
import { inlined } from "../support/documented.ts";
import { ADMIN, withApi } from "./api_support.ts";

const PREFIX = "/api/performance";

interface Documented {
  name: string;
  method: string;
  path: string;
  operation: any;
}

function operationsOf(document: any): Documented[] {
  return Object.entries(document.paths as Record<string, Record<string, unknown>>)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path.slice(PREFIX.length)}`,
        method: method.toUpperCase(),
        path: path.replaceAll(/\{\w+\}/g, "some-id"),
        operation,
      }))
    );
}

Deno.test("the OpenAPI document is open, names every route of the role table and no other", () =>
  withApi(async ({ ask }) => {
    const { status, body } = await ask(`${PREFIX}/openapi.json`, { token: null });
    assert.equal(status, 200);
    assert.equal(body.openapi, "3.1.0");
    const operations = operationsOf(body);
    assert.deepEqual(operations.map((o) => o.name).sort(), Object.keys(ROUTE_ROLES).sort());
    for (const { name, operation } of operations) {
      assert.equal(operation["x-role"], ROUTE_ROLES[name as keyof typeof ROUTE_ROLES], name);
      assert.ok(operation.summary, name);
      assert.ok(operation.responses[200], name);
      for (const status of [401, 403, 429, 431]) assert.ok(operation.responses[status], name);
    }
    const ids = operations.map((o) => o.operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
  }));

Deno.test("every route refuses who has no token, a wrong one, or too small a role", () =>
  withApi(async ({ ask, token }) => {
    const { body: document } = await ask(`${PREFIX}/openapi.json`);
    const viewer = await token("viewer");
    const operator = await token("operator");
    for (const { name, method, path } of operationsOf(document)) {
      const role = ROUTE_ROLES[name as keyof typeof ROUTE_ROLES];
      for (const wrong of [null, "nonsense", ADMIN + "x"]) {
        const refused = await ask(path, { method, token: wrong });
        assert.equal(refused.status, 401, name);
        assert.match(refused.headers.get("www-authenticate") ?? "", /^Bearer/);
      }
      if (name === "GET /events") continue;
      const asViewer = await ask(path, { method, token: viewer });
      assert.equal(asViewer.status === 403, role !== "viewer", `${name}: ${asViewer.status}`);
      const asOperator = await ask(path, { method, token: operator });
      assert.equal(asOperator.status === 403, role === "admin", name);
      assert.notEqual(asOperator.status, 401, name);
    }
  }));

Deno.test("an answer has no status, header or field that the document does not know", () =>
  withApi(async ({ ask }) => {
    const { body: document } = await ask(`${PREFIX}/openapi.json`);
    for (const { name, method, path, operation } of operationsOf(document)) {
      if (name === "GET /events") continue;
      for (const json of [undefined, {}, [], "text", 7, null, { pattern: 7, name: {} }]) {
        if (json !== undefined && method === "GET") continue;
        const { status, headers, body } = await ask(path, { method, json });
        assert.ok(operation.responses[status], `${name} answered ${status}`);
        assert.equal(headers.get("x-content-type-options"), "nosniff");
        assert.equal(headers.get("cache-control"), "no-store");
        assert.ok(headers.get("x-request-id"));
        const type = Object.keys(operation.responses[status].content)[0];
        assert.equal(headers.get("content-type"), type, name);
        if (status === 200 && type !== "application/json") continue;
        if (status === 200) {
          assert.equal(body.status, "success");
          assert.match(body.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        } else {
          assert.equal(body.status, status);
          assert.equal(body.request_id, headers.get("x-request-id"));
          assert.equal(body.instance, path);
          for (const field of ["type", "title", "detail"]) assert.ok(body[field], field);
        }
      }
    }
  }));

Deno.test("every answer has an example that fits its schema, every problem one for each type", () =>
  withApi(async ({ ask }) => {
    const { body: document } = await ask(`${PREFIX}/openapi.json`);
    for (const { name, operation } of operationsOf(document)) {
      const fits = (schema: unknown, example: unknown, what: string) => {
        const { success, error } = z.fromJSONSchema(inlined(document, schema)).safeParse(example);
        assert.ok(success, `${name}, ${what}: ${JSON.stringify(example)}: ${error?.message}`);
      };
      for (const [status, { content }] of Object.entries<any>(operation.responses)) {
        const json = content["application/json"];
        if (json) fits(json.schema, json.example, status);
        const problem = content["application/problem+json"];
        if (!problem) continue;
        const examples = Object.values<any>(problem.examples);
        assert.ok(examples.length > 0, `${name} ${status}`);
        for (const { value } of examples) {
          assert.equal(value.status, Number(status));
          fits(problem.schema, value, status);
        }
      }
      const body = operation.requestBody?.content["application/json"]?.schema;
      if (body?.example ?? inlined(document, body)?.example) {
        fits(body, inlined(document, body).example, "body");
      }
      for (const parameter of operation.parameters ?? []) {
        if (parameter.in !== "path") continue;
        fits(parameter.schema, parameter.example, parameter.name);
      }
    }
  }));

Deno.test("every example at /docs is taken as it stands there, in their order", () =>
  withApi(async ({ ask }) => {
    const { text } = await ask("/docs");
    const plain = text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
    const examples = [...plain.matchAll(
      /<pre[^>]*>curl -X (\w+) 'http:\/\/[^/]+(\/[^']+)'([\s\S]*?)<\/pre>/g,
    )];
    const { body: document } = await ask(`${PREFIX}/openapi.json`);
    assert.equal(examples.length, operationsOf(document).length);
    for (const [, method, address, rest] of examples) {
      if (address === `${PREFIX}/events` || address!.endsWith("/service/stop")) continue;
      const path = address!.replace("/queues/NAME", "/queues/conversations")
        .replace("/alerts/NAME/silence", "/alerts/cpu/silence").replace("CONVERSATION_ID", "c-1");
      const [, json] = /-d '([\s\S]*)'$/.exec(rest!) ?? [];
      const given = json === undefined ? {} : { json: JSON.parse(json.replaceAll("'\\''", "'")) };
      const { status, body } = await ask(path, { method, ...given });
      // What stands in capitals is the caller's to fill in, so it may not be found.
      const unknown = status === 404 && /[A-Z]{3}/.test(path);
      const noBytes = status === 415 && rest!.includes("@FILE");
      assert.ok(status === 200 || unknown || noBytes, `${method} ${path}: ${JSON.stringify(body)}`);
    }
  }, { TASK_URL_ALLOW: "tasks.example.com" }));

Deno.test("no operation, status, parameter or header of the document is without what tells of it", () =>
  withApi(async ({ ask }) => {
    const { body: document } = await ask(`${PREFIX}/openapi.json`);
    assert.equal(document.components.securitySchemes.bearer.scheme, "bearer");
    for (const { name, method, operation } of operationsOf(document)) {
      for (const field of ["operationId", "summary", "x-role", "tags", "security"]) {
        assert.ok(operation[field]?.length > 0, `${name}: no ${field}`);
      }
      const { responses, parameters = [], requestBody } = operation;
      const has = (status: number, why: string) => assert.ok(responses[status], `${name}: ${why}`);
      for (const status of [200, 401, 403, 429, 431, 500]) has(status, `no ${status}`);
      const named = [...name.matchAll(/\{(\w+)\}/g)].map(([, found]) => found);
      const inPath = parameters.filter((p: any) => p.in === "path");
      assert.deepEqual(inPath.map((p: any) => p.name).sort(), named.sort(), name);
      if (named.length > 0) has(404, "an unknown name");
      if (parameters.some((p: any) => p.in === "query")) has(422, "a query that does not fit");
      const types = Object.keys(requestBody?.content ?? {});
      if (types.includes("application/json")) {
        for (const status of [400, 408, 413, 415, 422]) has(status, "a body that does not fit");
      } else if (types.length > 0) has(415, "a body of another type");
      const header = (wanted: string) => parameters.some((p: any) => p.name === wanted);
      if (header("Idempotency-Key")) {
        has(409, "a key that was used");
        has(503, "too much waits");
      }
      assert.equal(header("Last-Event-ID"), name === "GET /events", name);
      assert.equal(header("Prefer"), "Preference-Applied" in responses[200].headers, name);
      assert.ok(method !== "GET" || !requestBody, name);
      for (const parameter of parameters) {
        const what = `${name}: ${parameter.name}`;
        assert.ok(parameter.schema, what);
        if (parameter.in === "path") assert.equal(parameter.required, true, what);
      }
      for (const [status, { description, content, headers }] of Object.entries<any>(responses)) {
        const what = `${name} ${status}`;
        assert.ok(description, what);
        assert.ok(headers["X-Request-Id"], what);
        assert.equal(
          status !== "401",
          "RateLimit" in headers && "RateLimit-Policy" in headers,
          what,
        );
        assert.equal(/^(429|503)$/.test(status), "Retry-After" in headers, what);
        assert.equal(status === "401", "WWW-Authenticate" in headers, what);
        for (const [field, said] of Object.entries<any>(headers)) {
          assert.ok(said.schema, `${what}: ${field}`);
        }
        assert.ok(Object.keys(content).length > 0, what);
        const types = Object.keys(content);
        if (status !== "200") assert.deepEqual(types, ["application/problem+json"], what);
        for (const { schema } of Object.values<any>(content)) assert.ok(schema, what);
      }
    }
  }));
