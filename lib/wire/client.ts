import type { CallAnswer, CallInput, CallName } from "./calls.ts";
import type { Problem } from "./envelope.ts";

export type { CallAnswer, CallInput, CallName } from "./calls.ts";

/** The service refused a call; `problem` says why. */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  constructor(readonly problem: Problem, readonly retryAfterSeconds: number | null) {
    super(problem.detail ?? problem.title);
  }
}

/** Method, path below the API's prefix, and query of a call. */
export function addressOf(
  name: CallName,
  { params, query }: { params?: Record<string, string>; query?: object },
): { method: string; path: string; search: string } {
  const at = name.indexOf(" ");
  const path = name.slice(at + 1).replaceAll(
    /\{(\w+)\}/g,
    (_, part: string) => encodeURIComponent(params![part]!),
  );
  const search = new URLSearchParams();
  for (const [field, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null) search.set(field, String(value));
  }
  const text = search.toString();
  return { method: name.slice(0, at), path, search: text === "" ? "" : `?${text}` };
}

export interface ClientOptions {
  /** The service's address, without a path. */
  url: string;
  token: string;
  /** Longest wait for an answer, 60 s by default. */
  timeoutMs?: number;
}

/** A call's input as it is taken apart. */
type Parts = { params?: Record<string, string>; query?: object; body?: unknown };

/** What goes along with a call. */
export interface CallOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/**
 * A client of the API, typed by the server's own schemas:
 * `await client.call("GET /tasks/{task_id}", { params: { task_id } })`.
 */
export class Client {
  constructor(readonly options: ClientOptions) {}

  /**
   * The answer of a call. Throws CallRefused for a problem, or where something else answers than
   * this API, and TypeError where nobody does.
   */
  async call<N extends CallName>(
    name: N,
    input: CallInput<N>,
    { headers, signal }: CallOptions = {},
  ): Promise<CallAnswer<N>> {
    const { url, token, timeoutMs = 60_000 } = this.options;
    const { method, path, search } = addressOf(name, input as Parts);
    const timeout = AbortSignal.timeout(timeoutMs);
    const { body } = input as Parts;
    const response = await fetch(new URL(`/api/performance${path}${search}`, url), {
      method,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const answer = parsed(await response.text());
    if (response.ok && answer !== null) return answer as CallAnswer<N>;
    // A date, which proxies may send, is none of ours.
    const retryAfter = Number(response.headers.get("retry-after") ?? NaN);
    throw new CallRefused(
      answer as Problem | null ?? somethingElse(response),
      Number.isFinite(retryAfter) ? retryAfter : null,
    );
  }
}

/** The object or list that a text is in JSON; null for anything else. */
function parsed(text: string): object | null {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** What a proxy's error page, or a wrong address, is told as. */
function somethingElse({ status, url }: Response): Problem {
  const { host, pathname } = new URL(url);
  return {
    type: "about:blank",
    title: "No answer of this API",
    status,
    detail: `${host} answered ${status} without JSON: look at the address and at proxies before it`,
    instance: pathname,
    request_id: "",
  };
}
