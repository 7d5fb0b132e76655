import assert from "node:assert/strict";
import { TestService } from "../support/service.ts";
import { python } from "../support/python.ts";

Deno.test("the Python example asks a bot and prints its answer", async () => {
  const program = await python("requests", ["requests"]);
  await using service = await TestService.start();
  const bot = { name: "Shop", knowledge: [{ question: "When do you open?", answer: "At nine." }] };
  assert.equal((await service.request("PUT", "/bots/shop", bot)).status, 200);
  const script = new URL("../../examples/python/queue_and_wait.py", import.meta.url).pathname;
  const run = async (token: string) => {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: ["-B", script, "shop", "When do you open?"],
      env: { PIXEL_URL: service.url, PIXEL_TOKEN: token },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), err: text.decode(stderr) };
  };
  const good = await run(service.token);
  assert.equal(good.code, 0, good.err);
  assert.equal(good.out, "At nine.\n");
  const bad = await run("nobody's-token-at-all");
  assert.notEqual(bad.code, 0);
  assert.match(bad.err, /Refused: 401/);
});
