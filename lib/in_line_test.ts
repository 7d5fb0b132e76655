import assert from "node:assert/strict";
import { InLine } from "./in_line.ts";

Deno.test("work with one key keeps its order, other keys do not wait, failures stop nobody", async () => {
  const line = new InLine();
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = line.run("a", async () => {
    await gate.promise;
    done.push("a1");
    throw new Error("broken");
  });
  const second = line.run("a", () => Promise.resolve(done.push("a2")));
  const third = line.run("a", () => Promise.resolve(done.push("a3")));
  await line.run("b", () => Promise.resolve(done.push("b1")));
  assert.deepEqual(done, ["b1"]);
  gate.resolve();
  await assert.rejects(first, /broken/);
  await Promise.all([second, third]);
  assert.deepEqual(done, ["b1", "a1", "a2", "a3"]);
  assert.equal(line.size, 0);
});
