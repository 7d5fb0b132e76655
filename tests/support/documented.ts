// deno-lint-ignore-file no-explicit-any
import assert from "node:assert/strict";
import { z } from "zod";

/** An answer as it came. */
export interface Given {
  status: number;
  headers: Headers;
  text: string;
}

/** A part of an OpenAPI document with what it refers to in its place. */
export function inlined(document: any, part: any): any {
  if (Array.isArray(part)) return part.map((item) => inlined(document, item));
  if (typeof part !== "object" || part === null) return part;
  if (part.$ref) return inlined(document, document.components.schemas[part.$ref.split("/").at(-1)]);
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [name, inlined(document, value)]),
  );
}

/**
 * Checks of answers that they are what the document says of their operation: a status that it has,
 * the media type, every header that such an answer must carry, and a body that fits its schema.
 * `route` is method and path below the prefix, with `{name}` for parameters.
 */
export function documentedAnswers(
  document: any,
): (route: string, answer: Given) => void {
  const schemas = new Map<string, z.ZodType>();
  return (route, { status, headers, text }) => {
    const [method, path] = route.split(" ") as [string, string];
    const what = `${route} answered ${status}: ${text.slice(0, 500)}`;
    const response = document.paths["/api/performance" + path]?.[method.toLowerCase()]
      ?.responses[status];
    assert.ok(response, `${what}: this is not documented`);
    const type = headers.get("content-type")!.split(";")[0]!;
    assert.ok(Object.hasOwn(response.content, type), `${what}: ${type} is not documented`);
    for (const name of ["X-Request-Id", "Retry-After", "WWW-Authenticate"]) {
      if (response.headers[name]) assert.ok(headers.get(name), `${what}: no ${name}`);
    }
    if (!/[/+]json$/.test(type)) return;
    const key = `${route} ${status} ${type}`;
    let schema = schemas.get(key);
    if (!schema) {
      schema = z.fromJSONSchema(inlined(document, response.content[type].schema));
      schemas.set(key, schema);
    }
    const body = JSON.parse(text);
    const { success, error } = schema.safeParse(body);
    assert.ok(success, `${what}: ${error?.message}`);
    if (type !== "application/problem+json") return;
    assert.equal(body.status, status, what);
    assert.equal(body.request_id, headers.get("x-request-id"), what);
    const kinds = Object.values<any>(response.content[type].examples).map(({ value }) =>
      value.type
    );
    assert.ok(kinds.includes(body.type), `${what}: its type is none of ${kinds}`);
  };
}
