import assert from "node:assert/strict";
import type { z } from "zod";
import type { TestService } from "./service.ts";

/** How an instant looks on the wire. */
export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Makes requests, and checks of every answer what holds for all and what its schema says. */
export function caller(service: TestService) {
  return async <S extends z.ZodType>(
    schema: S,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<z.output<S>> => {
    const answer = await service.request(method, path, body, headers);
    assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    assert.match(answer.headers.get("content-type")!, /^application\/json/);
    assert.equal(answer.body.status, "success");
    assert.match(String(answer.body.timestamp), INSTANT);
    return schema.parse(answer.body);
  };
}

/** What the platform's client reads, name for name: every one of these must be there. */
export function assertHas(value: unknown, ...names: string[]): void {
  for (const name of names) {
    let part = value;
    for (const step of name.split(".")) {
      assert.ok(part !== null && typeof part === "object" && step in part, `no ${name}`);
      part = (part as Record<string, unknown>)[step];
    }
  }
}

/** A small bakery, as the body of `PUT /bots/{bot_id}`. */
export const BOT = {
  name: "Bakery",
  knowledge: [{ question: "When do you open?", answer: "At 6:30." }],
  intents: [{ name: "greeting", examples: ["hello", "good morning"], answer: "Hello!" }],
};
