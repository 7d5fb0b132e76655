import assert from "node:assert/strict";
import { VIEWER_TOKEN } from "./dashboard_server.ts";
import { visitDashboard } from "./visit.ts";

Deno.test("a bot is taught an answer and gives it, in a conversation of its own", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/bots/returns?teach=Why?");
  assert.equal(await page.inputValue("[name=question]"), "Why?");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "answer");
  await page.fill("[name=answer]", "Because.");
  await page.click("#teach .button");
  await page.waitForSelector("text=Taught. It answers so from now on.");
  const returns = visit.server.data.bots[0]!;
  assert.deepEqual(returns.knowledge.map((one) => one.question), [
    "Why?",
    "How do I return something?",
    "How long does a refund take?",
  ]);
  assert.equal(returns.instructions, "Be brief and friendly.");

  await page.fill(".trial [name=message]", "Why?");
  await page.click(".trial button");
  await page.waitForSelector(".trial .assistant .text");
  assert.match(await page.innerText(".trial .assistant"), /Because\.\s+Knowledge\s+97% sure/);
  await page.fill(".trial [name=message]", "Who?");
  await page.press(".trial [name=message]", "Enter");
  await page.waitForSelector(".trial .assistant >> nth=1 >> text=Did not know");
  const asked = visit.server.done.filter((one) => one.startsWith("POST /conversations/queue"));
  const ids = asked.map((one) => JSON.parse(one.slice(one.indexOf("{"))).conversation_id);
  assert.equal(ids.length, 2);
  assert.equal(ids[0], ids[1], "the second question belongs to the same conversation");
  assert.deepEqual(problems, []);
});

Deno.test("knowledge and intents are changed together and saved once", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/bots/returns");
  await page.fill(".knowledge input >> nth=1", "When is the refund there?");
  await page.click("[aria-label='Remove \"How do I return something?\"']");
  await page.click("text=Add an intent");
  await page.fill(".intents [aria-label=Intent] >> nth=0", "thanks");
  await page.fill(".intents textarea >> nth=0", "thank you\n\ncheers");
  await page.fill(".intents textarea >> nth=1", "You are welcome.");
  await page.waitForSelector("text=Not saved yet");
  await page.click(".save-bar .button");
  await page.waitForSelector("text=Saved as version 8.");
  const { knowledge, intents } = visit.server.data.bots[0]!;
  assert.deepEqual(knowledge.map((one) => one.question), ["When is the refund there?"]);
  assert.deepEqual(intents[0], {
    name: "thanks",
    examples: ["thank you", "cheers"],
    answer: "You are welcome.",
  });
  visit.server.data.broken.push("/bots/returns");
  await page.fill(".intents textarea >> nth=1", "At your service.");
  await page.click(".save-bar .button");
  await page.waitForSelector(".save-bar .bad :text('req-7')");
});

Deno.test("without scripts a bot is defined by its first answer, and tried", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/bots", { javaScript: false });
  await page.fill("[name=id]", "new/bot");
  await page.click("text=New bot");
  assert.match(await page.innerText(".title"), /Not defined/);
  await page.fill("[name=question]", "Open?");
  await page.fill("[name=answer]", "Always.");
  await page.click("#teach .button");
  assert.match(await page.innerText(".notice"), /Taught/);
  await page.fill(".trial [name=message]", "Open?");
  await page.click(".trial button");
  assert.match(await page.innerText(".trial"), /Always\./);
});

Deno.test("a viewer reads what a bot knows and can change none of it", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/bots/returns", { token: VIEWER_TOKEN });
  assert.match(await page.innerText(".knowledge"), /Three to five working days/);
  assert.equal(await page.locator("main :is(button, input, textarea)").count(), 0);
});
