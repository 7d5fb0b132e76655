import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { TestService } from "../support/service.ts";

const SECRET = `whsec_${btoa("0123456789abcdef0123456789abcdef")}`;
const options = { sanitizeOps: true, sanitizeResources: true };

interface Received {
  body: string;
  headers: Record<string, string>;
}

/** A receiver that answers with `statuses`, one request after another, then always 204. */
function startReceiver(statuses: number[]) {
  const received: Received[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      received.push({
        body: await request.text(),
        headers: Object.fromEntries(request.headers),
      });
      for (const { count, resolve } of waiting) if (received.length >= count) resolve();
      return new Response(null, { status: statuses[received.length - 1] ?? 204 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/hook`,
    received,
    count: (count: number) =>
      new Promise<void>((resolve) => {
        if (received.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

interface Seen {
  conversation: {
    messages: {
      callback?: { status: string; attempts: number; status_code?: number; error?: string };
    }[];
  };
}

/** What the conversation says of its delivery, once it says anything. */
async function deliveryOf(service: TestService, id: string) {
  for (;;) {
    const { body } = await service.request<Seen>("GET", `/conversations/${id}`);
    const callback = body.conversation.messages[0]?.callback;
    if (callback) return callback;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function post(service: TestService, id: string, url: string) {
  return service.request<{ task_id: string }>("POST", "/conversations/queue", {
    conversation_id: id,
    user_message: "hello",
    bot_id: "shop",
    user_id: "ada",
    callback_url: url,
  }, { prefer: "wait=20" });
}

Deno.test(
  "a turn's outcome is sent signed, again until it is taken, and what became of it is kept",
  options,
  async () => {
    await using receiver = startReceiver([503, 500]);
    await using service = await TestService.start({
      env: { WEBHOOK_SECRET: SECRET, ALLOW_PRIVATE_ADDRESSES: "true" },
    });
    const { body: { task_id } } = await post(service, "c1", receiver.url);
    await receiver.count(3);
    const ids = new Set<string>();
    for (const { body, headers } of receiver.received) {
      const message = new Webhook(SECRET).verify(body, headers) as {
        type: string;
        data: {
          conversation_id: string;
          task_id: string;
          status: string;
          result: { source: string };
        };
      };
      assert.equal(message.type, "conversation.completed");
      assert.deepEqual(
        [message.data.conversation_id, message.data.task_id, message.data.status],
        ["c1", task_id, "completed"],
      );
      assert.equal(message.data.result.source, "none");
      ids.add(headers["webhook-id"]!);
      const changed = body.replace("completed", "complete!");
      assert.throws(() => new Webhook(SECRET).verify(changed, headers));
    }
    assert.equal(ids.size, 1, "the same id for every attempt");
    const delivery = await deliveryOf(service, "c1");
    assert.deepEqual([delivery.status, delivery.status_code], ["delivered", 204]);
  },
);

Deno.test(
  "a receiver that refuses for good is not asked again, and the refusal is kept",
  options,
  async () => {
    await using receiver = startReceiver([400]);
    await using service = await TestService.start({ env: { ALLOW_PRIVATE_ADDRESSES: "true" } });
    await post(service, "c1", receiver.url);
    const delivery = await deliveryOf(service, "c1");
    assert.equal(delivery.status, "failed");
    assert.match(delivery.error!, /answered 400/);
    assert.equal(receiver.received.length, 1);
  },
);

Deno.test("an address inside our own network is refused at once", options, async () => {
  await using receiver = startReceiver([]);
  await using service = await TestService.start();
  assert.equal((await post(service, "c1", receiver.url)).status, 422);
  assert.equal(receiver.received.length, 0);
});

Deno.test("the secret that is made stands in a file of its owner's alone", options, async () => {
  await using receiver = startReceiver([]);
  await using service = await TestService.start({ env: { ALLOW_PRIVATE_ADDRESSES: "true" } });
  const path = `${service.dataDir}/webhook-secret`;
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const secret = (await Deno.readTextFile(path)).trim();
  await post(service, "c1", receiver.url);
  await receiver.count(1);
  const { body, headers } = receiver.received[0]!;
  new Webhook(secret).verify(body, headers);
  await Deno.remove(path);
  await service.stop();
  await service.restart();
  assert.equal((await Deno.readTextFile(path)).trim(), secret, "the same, written anew");
  await service.stop();
  await service.restart({ WEBHOOK_SECRET: SECRET });
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});
