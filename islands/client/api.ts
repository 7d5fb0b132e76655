import { ACTIONS as T } from "../parts/texts.ts";

/** Why the API did not do it, in words, with the id to look for in the log. */
export class ActionFailed extends Error {
  override readonly name = "ActionFailed";
  /** `signedOut`: signing in again is what helps. */
  constructor(message: string, readonly requestId: string, readonly signedOut = false) {
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
    throw new ActionFailed(T.noAnswer, "");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer as T;
  if (response.status === 401) throw new ActionFailed(T.ended, "", true);
  throw new ActionFailed(
    answer.detail ?? answer.title ?? T.answered(response.status),
    answer.request_id ?? "",
  );
}

/** The page to sign in on, which leads back here. */
export const signInLink = (): string =>
  `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
