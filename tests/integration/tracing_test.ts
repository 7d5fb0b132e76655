import assert from "node:assert/strict";
import { BOT } from "../support/contract.ts";
import { TestService } from "../support/service.ts";

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: { key: string; value: Record<string, unknown> }[];
}

/** A real OTLP/HTTP receiver: keeps every span that is sent to it. */
function receiver() {
  const spans: OtlpSpan[] = [];
  let wake = () => {};
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const body = await request.json();
    if (new URL(request.url).pathname === "/v1/traces") {
      for (const { scopeSpans } of body.resourceSpans) {
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      wake();
    }
    return Response.json({});
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans,
    async until(fits: () => boolean): Promise<void> {
      while (!fits()) await new Promise<void>((resolve) => wake = resolve);
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("tracing: request, enqueue, perform, cache and answer are one trace, carried in the task", async () => {
  await using otlp = receiver();
  await using service = await TestService.start({
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_DENO_CONSOLE: "ignore",
    },
  });
  await service.request("PUT", "/bots/bakery", BOT);
  const turn = { conversation_id: "c", bot_id: "bakery", user_message: "When do you open?" };
  const { body } = await service.request("POST", "/conversations/queue", turn, {
    prefer: "wait=20",
  });
  const named = (name: string) => otlp.spans.find((span) => span.name === name);
  const all = ["enqueue process_conversation", "perform process_conversation", "cache answer"];
  const requestOf = (span: OtlpSpan | undefined) =>
    otlp.spans.find(({ spanId }) => spanId === span?.parentSpanId);
  await otlp.until(() =>
    all.every(named) && otlp.spans.some(({ name }) => name.startsWith("ai ")) &&
    requestOf(named(all[0]!)) !== undefined
  );
  const [enqueue, perform, cache] = all.map((name) => named(name)!) as [
    OtlpSpan,
    OtlpSpan,
    OtlpSpan,
  ];
  const ai = otlp.spans.find(({ name }) => name.startsWith("ai "))!;
  assert.match(requestOf(enqueue)!.name, /^POST/);
  assert.equal(perform.parentSpanId, enqueue.spanId);
  assert.equal(cache.parentSpanId, perform.spanId);
  assert.equal(ai.parentSpanId, cache.spanId);
  for (const span of [perform, cache, ai]) assert.equal(span.traceId, enqueue.traceId);
  const id = perform.attributes.find(({ key }) => key === "task.id")?.value.stringValue;
  assert.equal(id, body.task_id);
  // No text of the conversation leaves with a span.
  assert.ok(!JSON.stringify(otlp.spans).includes("When do you open"));
});
