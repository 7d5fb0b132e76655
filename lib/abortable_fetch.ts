/**
 * `fetch` whose body ends as well when the signal aborts. Deno 2.9 forgets that a body is to be
 * aborted as soon as garbage is collected, so a stream that falls silent could never be ended.
 */
export async function abortableFetch(
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> {
  const response = await fetch(input, init);
  if (!response.body || !init?.signal) return response;
  return new Response(untilAborted(response.body, init.signal), response);
}

/** What a stream gives; it fails with the signal's reason once that aborts. */
function untilAborted<T>(stream: ReadableStream<T>, signal: AbortSignal): ReadableStream<T> {
  const reader = stream.getReader();
  let forget = () => {};
  return new ReadableStream<T>({
    start(controller) {
      const abort = () => {
        controller.error(signal.reason);
        reader.cancel(signal.reason).catch(() => {});
      };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      forget = () => signal.removeEventListener("abort", abort);
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        forget();
        controller.close();
      } catch (error) {
        forget();
        controller.error(error);
      }
    },
    cancel(reason) {
      forget();
      return reader.cancel(reason);
    },
  });
}
