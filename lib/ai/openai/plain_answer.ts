import { abortableFetch } from "../../abortable_fetch.ts";

interface Completion {
  choices?: { index?: number; message?: { content?: unknown }; finish_reason?: unknown }[];
}

/**
 * `fetch` for providers that may ignore `stream: true`: a plain JSON completion is handed on as a
 * stream of one chunk with the same usage; JSON of any other shape as what it is.
 */
export async function fetchStreamed(
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> {
  const response = await abortableFetch(input, init);
  const isJson = /^application\/json\b/i.test(response.headers.get("content-type") ?? "");
  if (!response.ok || !isJson || !asksForStream(init)) return response;
  const text = await response.text();
  const headers = { "content-type": "text/event-stream" };
  return new Response(`data: ${chunkOf(text)}\n\ndata: [DONE]\n\n`, { headers });
}

function asksForStream(init: RequestInit | undefined): boolean {
  return typeof init?.body === "string" && JSON.parse(init.body).stream === true;
}

/** A completion as the only chunk of a stream, on one line. */
function chunkOf(text: string): string {
  let completion: Completion | null;
  try {
    completion = JSON.parse(text);
  } catch {
    return text.replace(/[\r\n]+/g, " "); // no JSON on one line either, and told so
  }
  if (!Array.isArray(completion?.choices)) return JSON.stringify(completion);
  const choices = completion.choices.map(({ index, message, finish_reason }) => ({
    index,
    delta: { role: "assistant", content: message?.content },
    finish_reason,
  }));
  return JSON.stringify({ ...completion, object: "chat.completion.chunk", choices });
}
