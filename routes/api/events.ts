import { z } from "@hono/zod-openapi";
import { apiHeaders } from "../middleware/secure_headers.ts";
import { eventBytes, type EventFeed } from "./event_feed.ts";
import type { Call } from "./call.ts";
import type { ApiBuilder } from "./operation.ts";
import { CHECK_MS, stillSomebody } from "./still_somebody.ts";

/** After so many checks it says that it lives. */
const CHECKS_A_BEAT = 30;
/** A reader that is this far behind is sent away; it comes back and catches up. */
const MAX_BEHIND_BYTES = 1024 * 1024;
const encoder = new TextEncoder();
const RETRY = encoder.encode("retry: 2000\n\n");
const ALIVE = encoder.encode(": alive\n\n");

const Events = z.object({}).openapi({ description: "text/event-stream" });

/** Live events as a stream that can be resumed. */
export function addEvents(api: ApiBuilder, feed: EventFeed): void {
  const { stopping } = api.deps;
  api.add({
    route: "GET /events",
    tag: "Events",
    summary: "Live events",
    description: "Server-sent events named task, queue, health and alert. `Last-Event-ID` goes " +
      "on where an earlier stream ended, or gets one event named reset when that is too long ago.",
    answer: Events,
    stream: "text/event-stream",
    resumes: true,
    handle(call) {
      const left = api.streams.open(call.principal.id);
      const lastEventId = call.request.headers.get("last-event-id");
      const stream = liveStream(api, feed, lastEventId, call, stopping, left);
      return new Response(stream, { headers: apiHeaders("text/event-stream", call.requestId) });
    },
  });
}

function liveStream(
  api: ApiBuilder,
  feed: EventFeed,
  lastEventId: string | null,
  call: Call<unknown, unknown, unknown>,
  stopping: AbortSignal,
  left: () => void,
): ReadableStream<Uint8Array> {
  let end = () => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      let cancelBeat = () => {};
      let checks = 0;
      const send = (bytes: Uint8Array) => {
        if (bytes.length === 0) return;
        if ((controller.desiredSize ?? 0) < -MAX_BEHIND_BYTES) return finish();
        controller.enqueue(bytes);
      };
      const finish = () => {
        end();
        try {
          controller.close();
        } catch {
          // The reader has left already.
        }
      };
      const beat = async () => {
        const lives = await stillSomebody(api, call).catch(() => true);
        if (ended) return;
        if (!lives) return finish();
        if (++checks % CHECKS_A_BEAT === 0) send(ALIVE);
        cancelBeat = api.deps.clock.after(CHECK_MS, beat);
      };
      let ended = false;
      let unsubscribe = () => {};
      end = () => {
        ended = true;
        unsubscribe();
        cancelBeat();
        left();
        stopping.removeEventListener("abort", finish);
      };
      stopping.addEventListener("abort", finish);
      send(RETRY);
      unsubscribe = feed.subscribe((events) => send(eventBytes(events)), lastEventId);
      if (ended) unsubscribe();
      cancelBeat = api.deps.clock.after(CHECK_MS, beat);
    },
    cancel: () => end(),
  }, { highWaterMark: 0, size: (chunk) => chunk?.byteLength ?? 0 });
}
