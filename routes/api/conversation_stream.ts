import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import { apiHeaders } from "../middleware/secure_headers.ts";
import type { Call } from "./call.ts";
import type { ApiBuilder } from "./operation.ts";
import { shownResult } from "./shown.ts";
import { watchSomebody } from "./still_somebody.ts";

const HEARTBEAT_MS = 15_000;
/** A stream ends after this long even if its turn has not; the reader may come again. */
const MAX_HEARTBEATS = 120;
const MAX_BEHIND_BYTES = 1024 * 1024;
const encoder = new TextEncoder();

const Events = z.object({}).openapi({ description: "text/event-stream" });
const ConversationId = z.object({ conversation_id: Id });

/** The reply to a conversation's latest message as it is written, then its result. */
export function addConversationStream(api: ApiBuilder): void {
  const { conversations } = api.deps;
  const unknown = () => notFound("There is no such conversation.");
  api.add({
    route: "GET /conversations/{conversation_id}/stream",
    tag: "Conversations",
    summary: "The latest turn's reply as it is written",
    description: "Server-sent events: `text` with each piece that a model writes, `restart` when " +
      "it begins anew, and at last `result` with the turn's status, result or error.",
    params: ConversationId,
    unknown,
    answer: Events,
    stream: "text/event-stream",
    async handle(call) {
      const status = await conversations.status(call.params.conversation_id);
      if (!status) throw unknown();
      const left = api.streams.open(call.principal.id);
      const body = replyStream(api, call, status.taskId, left);
      return new Response(body, { headers: apiHeaders("text/event-stream", call.requestId) });
    },
  });
}

function replyStream(
  api: ApiBuilder,
  call: Call<{ conversation_id: string }, unknown, unknown>,
  taskId: string | undefined,
  left: () => void,
): ReadableStream<Uint8Array> {
  const { conversations, engine, streams } = api.deps;
  const { content } = call.principal;
  const gone = new AbortController();
  const signal = AbortSignal.any([call.signal, gone.signal]);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => {
        if (signal.aborted) return;
        if ((controller.desiredSize ?? 0) < -MAX_BEHIND_BYTES) gone.abort();
        else controller.enqueue(encoder.encode(text));
      };
      const event = (name: string, data: unknown) =>
        send(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
      const unsubscribe = !taskId || !content ? () => {} : streams.subscribe(taskId, (piece) => {
        if ("text" in piece) event("text", piece);
        else event("restart", {});
      });
      const unwatch = watchSomebody(api, call, () => gone.abort());
      const run = async () => {
        for (let beats = 0; taskId && beats < MAX_HEARTBEATS && !signal.aborted; beats++) {
          if (await engine.whenEnded(taskId, HEARTBEAT_MS, signal)) break;
          send(": alive\n\n");
        }
        if (signal.aborted) return;
        const status = await conversations.status(call.params.conversation_id);
        if (signal.aborted || !status) return;
        event("result", {
          conversation_id: call.params.conversation_id,
          ...(status.taskId ? { task_id: status.taskId } : {}),
          status: status.status,
          ...(status.result ? { result: shownResult(status.result, call.principal) } : {}),
          ...(status.error ? { error: status.error } : {}),
        });
      };
      send(": open\n\n");
      run().catch((error) => api.deps.log.error("a reply's stream broke off", { error }))
        .finally(() => {
          gone.abort();
          unwatch();
          unsubscribe();
          left();
          try {
            controller.close();
          } catch {
            // The reader has left already.
          }
        });
    },
    cancel() {
      gone.abort();
      left(); // at once: what still runs is over when it sees the signal
    },
  }, { highWaterMark: 0, size: (chunk) => chunk?.byteLength ?? 0 });
}
