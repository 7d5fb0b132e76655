import assert from "node:assert/strict";
import { ReplyStreams } from "./reply_streams.ts";

Deno.test("of a reply that is too long its beginning is told, without a gap", () => {
  const streams = new ReplyStreams();
  let told = "";
  using stack = new DisposableStack();
  streams.begin("t");
  stack.defer(streams.subscribe("t", (piece) => told += "text" in piece ? piece.text : "|"));
  const pieces = ["a".repeat(15_990), "b".repeat(20), "c"];
  for (const piece of pieces) streams.add("t", piece);
  assert.equal(told, pieces.join("").slice(0, 16_000));
  streams.begin("t");
  streams.add("t", "anew");
  assert.ok(told.endsWith("b|anew"));
  streams.end("t");
});
