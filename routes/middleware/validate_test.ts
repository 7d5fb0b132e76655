import assert from "node:assert/strict";
import { z } from "@hono/zod-openapi";
import { AppError } from "../../lib/errors.ts";
import { validated } from "./validate.ts";

Deno.test("what is missing is said to be required, what is of another type to be that", () => {
  const schema = z.object({ a: z.string(), b: z.object({ c: z.number() }), d: z.string().min(1) });
  assert.throws(() => validated(schema, { b: { c: "1" }, d: "" }, "body"), (error: AppError) => {
    assert.equal(error.message, "The body does not fit: a: is required (and 2 more)");
    assert.deepEqual(error.issues!.map(({ path, message }) => `${path}: ${message}`), [
      "a: is required",
      "b.c: Invalid input: expected number, received string",
      "d: Too small: expected string to have >=1 characters",
    ]);
    return true;
  });
});
