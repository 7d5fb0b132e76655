import assert from "node:assert/strict";
import { ROUTE_ROLES } from "../../routes/middleware/roles.ts";
import { ADMIN, withApi } from "./api_support.ts";

const PREFIX = "/api/performance";

interface Documented {
  name: string;
  method: string;
  path: string;
  // deno-lint-ignore no-explicit-any
  operation: any;
}

// deno-lint-ignore no-explicit-any
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
