/** Why the API did not do it, in words, with the id to look for in the log. */
export class ActionFailed extends Error {
  override readonly name = "ActionFailed";
  constructor(message: string, readonly requestId: string) {
    super(message);
  }
}

const REQUEST_MS = 30_000;

/** Asks the API to do something, as the visitor that is signed in. */
export async function act<T>(
  method: "POST" | "PUT" | "DELETE",
  path: string,
  csrf: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/performance${path}`, {
      method,
      headers: {
        ...headers,
        "accept": "application/json",
        "x-csrf-token": csrf,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
  } catch {
    throw new ActionFailed("The service did not answer. Nothing may have happened.", "");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer as T;
  if (response.status === 401) throw new ActionFailed("Your session has ended: sign in again.", "");
  throw new ActionFailed(
    answer.detail ?? answer.title ?? `The service answered ${response.status}.`,
    answer.request_id ?? "",
  );
}
