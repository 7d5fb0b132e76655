import { orAborted } from "../../lib/ai/responder.ts";
import { sleep } from "../../lib/clock.ts";

export interface ChatRequest {
  model: string;
  messages: { role: string; content: string }[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  max_tokens?: number;
  temperature?: number;
}

/** A request as it arrived. */
export interface ReceivedRequest {
  body: ChatRequest;
  headers: Headers;
  /**
   * Resolves once the client has gone away while its answer was still held back. Deno.serve sees
   * that of requests of some 300 bytes at most; of longer ones only when it comes to answer them.
   */
  left: Promise<void>;
}

/** How the server behaves for one request. Everything absent: a good answer at once. */
export interface Script {
  status?: number;
  headers?: Record<string, string>;
  /** Wait before the first byte; ends early when the client goes. */
  delayMs?: number;
  /** Wait until this settles before the first byte. */
  until?: Promise<unknown>;
  content?: string | null;
  finishReason?: string;
  /** `null`: the answer reports no usage. */
  usage?: Record<string, unknown> | null;
  /** Sent word for word instead of a completion, as JSON unless it is a string. */
  raw?: unknown;
  /** Streams: wait between two words. */
  chunkDelayMs?: number;
  /** Streams: after so many words wait until this settles. */
  hold?: { after: number; until: Promise<unknown> };
  /** Streams: cut the connection after so many words. */
  breakAfter?: number;
}

export interface OpenAIServer extends AsyncDisposable {
  /** For AI_BASE_URL. */
  baseUrl: string;
  requests: ReceivedRequest[];
  /** Resolves as soon as so many requests have arrived in all. */
  received(count: number): Promise<void>;
}

/** A real HTTP server that speaks `POST /v1/chat/completions`, good or bad as the script says. */
export function startOpenAIServer(
  script: (request: ChatRequest, number: number) => Script | Promise<Script> = () => ({}),
): OpenAIServer {
  const requests: ReceivedRequest[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const closing = new AbortController();

  const handle = async (request: Request): Promise<Response> => {
    if (request.method !== "POST" || new URL(request.url).pathname !== "/v1/chat/completions") {
      return Response.json({ error: { message: "no such route" } }, { status: 404 });
    }
    // Asked for at once: a signal first read after the client went never aborts.
    const gone = AbortSignal.any([request.signal, closing.signal]);
    const left = Promise.withResolvers<void>();
    const received: ReceivedRequest = {
      body: await request.json(),
      headers: request.headers,
      left: left.promise,
    };
    requests.push(received);
    for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
    const rules = await script(received.body, requests.length);
    try {
      await pause(rules, gone);
    } catch {
      left.resolve();
      return new Response(null, { status: 503 });
    }
    if (received.body.stream && rules.raw === undefined && (rules.status ?? 200) === 200) {
      return new Response(stream(received.body, rules, gone), {
        headers: { "content-type": "text/event-stream", ...rules.headers },
      });
    }
    return answer(received.body, rules);
  };

  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handle);
  return {
    baseUrl: `http://127.0.0.1:${server.addr.port}/v1`,
    requests,
    received: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await server.shutdown();
    },
  };
}

async function pause({ delayMs, until }: Script, signal: AbortSignal): Promise<void> {
  if (delayMs) await sleep(delayMs, signal);
  if (until) await orAborted(until, signal);
}

function answer(request: ChatRequest, script: Script): Response {
  const status = script.status ?? 200;
  const init = { status, headers: script.headers };
  if (typeof script.raw === "string") return new Response(script.raw, init);
  if (script.raw !== undefined) return Response.json(script.raw, init);
  if (status !== 200) return Response.json({ error: { message: `scripted ${status}` } }, init);
  return Response.json({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_767_225_600,
    model: request.model,
    choices: [{
      index: 0,
      message: { role: "assistant", content: contentOf(request, script) },
      finish_reason: script.finishReason ?? "stop",
    }],
    ...(script.usage === null ? {} : { usage: usageOf(request, script) }),
  }, init);
}

function stream(request: ChatRequest, script: Script, signal: AbortSignal) {
  const words = (contentOf(request, script) ?? "").split(/(?<= )/);
  const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
  const chunk = (delta: unknown, finish: string | null = null) =>
    event({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1_767_225_600,
      model: request.model,
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
  async function* events(): AsyncGenerator<string> {
    for (const [i, word] of words.entries()) {
      if (i === script.breakAfter) throw new Error("scripted break");
      if (i === script.hold?.after) await orAborted(script.hold.until, signal);
      if (script.chunkDelayMs) await sleep(script.chunkDelayMs, signal);
      yield chunk(i === 0 ? { role: "assistant", content: word } : { content: word });
    }
    yield chunk({}, script.finishReason ?? "stop");
    if (request.stream_options?.include_usage && script.usage !== null) {
      yield event({ id: "chatcmpl-1", choices: [], usage: usageOf(request, script) });
    }
    yield "data: [DONE]\n\n";
  }
  return ReadableStream.from(events()).pipeThrough(new TextEncoderStream());
}

function contentOf(request: ChatRequest, { content }: Script): string | null {
  return content === undefined ? `You said: ${request.messages.at(-1)?.content}` : content;
}

/** Word counts stand for tokens. */
function usageOf(request: ChatRequest, script: Script): Record<string, unknown> {
  if (script.usage) return script.usage;
  const count = (text: string) => text.split(/\s+/).length;
  const prompt = request.messages.reduce((sum, { content }) => sum + count(content), 0);
  const completion = count(contentOf(request, script) ?? "");
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  };
}
