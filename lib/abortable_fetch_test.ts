import assert from "node:assert/strict";

/** Reads a stream that never ends, collects garbage, aborts, and prints how the reading ended. */
const PROGRAM = `
  import { abortableFetch } from ${JSON.stringify(import.meta.resolve("./abortable_fetch.ts"))};
  const begun = () => new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)) }));
  const server = Deno.serve({ port: 0, onListen() {} }, begun);
  const stop = new AbortController();
  const signal = () => AbortSignal.any([stop.signal, new AbortController().signal]);
  const { body } = await abortableFetch("http://127.0.0.1:" + server.addr.port, { signal: signal() });
  const reading = Array.fromAsync(body).then(() => "ended", (error) => error.message);
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
  }
  stop.abort(new Error("enough"));
  console.log(await reading);
  Deno.exit(0);
`;

Deno.test("a body ends when its signal aborts, also after garbage was collected", async () => {
  const program = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(program, PROGRAM);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-net", "--v8-flags=--expose-gc", program],
  }).output();
  await Deno.remove(program);
  assert.equal(new TextDecoder().decode(stdout), "enough\n", new TextDecoder().decode(stderr));
});
