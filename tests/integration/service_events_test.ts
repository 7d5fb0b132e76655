import assert from "node:assert/strict";
import { TestService } from "../support/service.ts";

const P = "/api/performance";

interface Told {
  id: string;
  name: string;
  data: Record<string, unknown>;
}

/** Reads the event stream until an event fits, and returns everything it told up to there. */
async function readEvents(
  service: TestService,
  lastEventId: string | null,
  fits: (event: Told) => boolean,
): Promise<Told[]> {
  const response = await fetch(`${service.url}${P}/events`, {
    headers: {
      authorization: `Bearer ${service.token}`,
      ...(lastEventId === null ? {} : { "last-event-id": lastEventId }),
    },
    signal: AbortSignal.timeout(120_000),
  });
  assert.equal(response.status, 200);
  const told: Told[] = [];
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const { id = "", event, data = "{}" } = Object.fromEntries(
        block.split("\n").map((line) => line.split(/: ?(.*)/s).slice(0, 2)),
      );
      if (!event) continue;
      told.push({ id, name: event, data: JSON.parse(data) });
      if (fits(told.at(-1)!)) return told;
    }
  }
  throw new Error("the stream ended too soon");
}

async function converse(service: TestService, id: string): Promise<string> {
  const turn = { conversation_id: id, bot_id: "b", user_message: "hello" };
  const { body } = await service.request<{ task_id: string }>(
    "POST",
    "/conversations/queue",
    turn,
    { prefer: "wait=20" },
  );
  return body.task_id;
}

const completes = (task: string) => ({ name, data }: Told) =>
  name === "task" && data.task_id === task && data.status === "completed";

Deno.test("events missed over a restart are told exactly; a killed process resets", async () => {
  await using service = await TestService.start();
  const seen = await readEvents(service, "0", () => true); // too old: what is so stands in the store
  assert.equal(seen[0]!.name, "reset");
  const reading = readEvents(service, seen[0]!.id, completes(await converse(service, "two")));
  const before = await reading;

  const missed = await converse(service, "three");
  assert.equal(await service.stop(), 0);
  await service.restart();
  const after = await readEvents(
    service,
    before.at(-1)!.id,
    completes(await converse(service, "four")),
  );
  assert.equal(after.filter(completes(missed)).length, 1);
  assert.ok(!after.some(({ name }) => name === "reset"));
  const ids = [...before, ...after].map(({ id }) => Number(id));
  assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b));

  await service.kill();
  await service.restart();
  const killed = await readEvents(service, after.at(-1)!.id, ({ name }) => name === "reset");
  assert.ok(Number(killed.at(-1)!.id) > ids.at(-1)!);
});
