import { sleep } from "../clock.ts";
import { type ApiClient, Unreachable } from "./api_client.ts";

/** An event of `GET /events`. */
export interface StreamedEvent {
  id: string;
  name: string;
  data: Record<string, unknown>;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** The service says that it lives every 15 s; silence for longer means that nobody is there. */
const SILENCE_MS = 40_000;

/**
 * Live events until the signal aborts, going on after the last one seen when the stream breaks or
 * the service restarts; `onBreak` is told once of each outage. Throws ApiProblem when it is refused.
 */
export async function* liveEvents(
  api: ApiClient,
  options: { signal: AbortSignal; since?: string; onBreak(): void },
): AsyncGenerator<StreamedEvent> {
  let last = options.since;
  let pauseMs = FIRST_PAUSE_MS;
  let isTold = false;
  while (!options.signal.aborted) {
    try {
      for await (const event of oneStream(api, last, options.signal)) {
        pauseMs = FIRST_PAUSE_MS;
        last = event.id;
        isTold = false;
        yield event;
      }
    } catch (error) {
      if (options.signal.aborted) return;
      if (!(error instanceof Unreachable)) throw error;
    }
    if (!isTold) options.onBreak();
    isTold = true;
    await sleep(pauseMs, options.signal).catch(() => {});
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

async function* oneStream(
  api: ApiClient,
  last: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<StreamedEvent> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const body = await api.stream("/events", {
      headers: last === undefined ? {} : { "last-event-id": last },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    let rest = "";
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop()!;
      for (const block of blocks) {
        const event = parse(block);
        if (event) yield event;
      }
    }
  } catch (error) {
    if (error instanceof Unreachable || !isBroken(error)) throw error;
    throw new Unreachable(api.url, error);
  } finally {
    clearTimeout(timer);
  }
}

/** A block of lines as an event; null for a comment. */
function parse(block: string): StreamedEvent | null {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const data = fields.get("data");
  if (data === undefined) return null;
  return {
    id: fields.get("id") ?? "",
    name: fields.get("event") ?? "message",
    data: JSON.parse(data),
  };
}

/** Whether a stream ended because the connection did. */
function isBroken(error: unknown): boolean {
  return error instanceof TypeError || error instanceof DOMException ||
    error instanceof Deno.errors.Http;
}
