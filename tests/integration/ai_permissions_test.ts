import assert from "node:assert/strict";
import { startOpenAIServer } from "../support/openai_server.ts";
import { moduleUrl, runAsService } from "../support/scoped.ts";

Deno.test("a bot is trained and answered with the permissions that the service has", async () => {
  const printed = await runAsService(`
    import { EmbeddedResponder } from ${moduleUrl("lib/ai/embedded_responder.ts")};
    import { largeBot, requestOf } from ${moduleUrl("tests/support/bots.ts")};
    using responder = new EmbeddedResponder();
    const reply = await responder.respond(requestOf(largeBot(), "somebody stole my new camera"));
    console.log(JSON.stringify(reply));`);
  const reply = JSON.parse(printed);
  assert.equal(reply.intent, "lost_camera");
  assert.equal(reply.language, "en");
});

Deno.test("the process ends by itself once a trained responder is closed", async () => {
  const printed = await runAsService(`
    import { EmbeddedResponder } from ${moduleUrl("lib/ai/embedded_responder.ts")};
    import { largeBot, requestOf } from ${moduleUrl("tests/support/bots.ts")};
    const responder = new EmbeddedResponder({ signals: false });
    await responder.respond(requestOf(largeBot(), "cancel my flight"));
    responder.prepare(largeBot({ botId: "another", version: 2, intents: largeBot().intents.slice(1) }));
    responder.close();
    console.log("closed");`);
  assert.equal(printed, "closed\n");
});

Deno.test("a model is asked with the permissions that the service has", async () => {
  await using server = startOpenAIServer(() => ({ content: "There you are." }));
  const printed = await runAsService(
    `
    import { OpenAIResponder } from ${moduleUrl("lib/ai/openai_responder.ts")};
    import { requestOf, shopBot } from ${moduleUrl("tests/support/bots.ts")};
    const responder = new OpenAIResponder({ baseUrl: Deno.args[0], model: "m" });
    console.log((await responder.respond(requestOf(shopBot(), "hello"))).response);`,
    [server.baseUrl],
  );
  assert.equal(printed, "There you are.\n");
});
