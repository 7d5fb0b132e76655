import { abortableFetch } from "../abortable_fetch.ts";
import { addressOf, type CallAnswer, type CallInput, type CallName } from "../wire/client.ts";
import { CliError, SERVICE_DOWN } from "./context.ts";

/** The service refused a request, with an RFC 9457 problem document. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  constructor(
    readonly status: number,
    message: string,
    /** Seconds after which the service asks to be tried again. */
    readonly retryAfterSeconds: number | null,
  ) {
    super(message);
  }
}

/** The service could not be reached, or went away before it had answered. */
export class Unreachable extends CliError {
  constructor(base: string, cause: unknown) {
    const why = "cannot reach the service at " + base;
    super(`${why}: start it with "deno task start", or set PIXEL_URL`, SERVICE_DOWN, { cause });
  }
}

/** What goes along with a request. */
export interface RequestOptions {
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  stream?: ReadableStream<Uint8Array>;
  signal?: AbortSignal;
  timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;
const MAX_DETAIL_LINES = 20;

/** A client of the service's own REST API. */
export class ApiClient {
  /** `url` is the service's address, without a path. */
  constructor(readonly url: string, private readonly token: string) {}

  /** A call of the API, typed by the server's own schemas; throws as `request` does. */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallAnswer<N>> {
    const parts = input as { params?: Record<string, string>; query?: object; body?: unknown };
    const { method, path, search } = addressOf(name, parts);
    return this.request(method, path + search, { body: parts.body });
  }

  /** The body of a successful answer; throws ApiProblem or Unreachable otherwise. */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const limits = [AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)];
    if (options.signal) limits.push(options.signal);
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(method, path, options, AbortSignal.any(limits));
      text = await response.text();
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      throw new Unreachable(this.url, error);
    }
    if (!response.ok) throw problemOf(response, text);
    return parse(text, response.status) as T;
  }

  /** The body of a successful answer as it comes, until the signal aborts; no other time limit. */
  async stream(
    path: string,
    options: RequestOptions & { signal: AbortSignal },
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    let response: Response;
    try {
      response = await this.#fetch("GET", path, options, options.signal);
    } catch (error) {
      throw new Unreachable(this.url, error);
    }
    if (!response.ok || !response.body) throw problemOf(response, await response.text());
    return response.body;
  }

  #fetch(
    method: string,
    path: string,
    options: RequestOptions,
    signal: AbortSignal,
  ): Promise<Response> {
    const address = new URL("/api/performance" + path, this.url);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) address.searchParams.set(name, String(value));
    }
    return abortableFetch(address, {
      method,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${this.token}`,
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      body: options.stream ?? (options.body === undefined ? null : JSON.stringify(options.body)),
      signal,
    });
  }
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = "the address answers, but not as this service does; check PIXEL_URL";
    throw new CliError(`${message} (status ${status})`, 1, { cause: error });
  }
}

function problemOf(response: Response, text: string): ApiProblem {
  let problem: { title?: string; detail?: string; errors?: { path: string; message: string }[] } =
    {};
  try {
    problem = JSON.parse(text);
  } catch {
    // A proxy in between answers in its own words; the status says enough.
  }
  const said = problem.detail ?? problem.title ?? (response.statusText || "refused");
  const fields = (problem.errors ?? []).slice(0, MAX_DETAIL_LINES)
    .filter(({ message }) => !said.includes(message)) // the first is often in the detail
    .map(({ path, message }) => `\n  ${path}: ${message}`);
  const hint = response.status === 401 ? "; set PIXEL_TOKEN to a valid token" : "";
  const retryAfter = Number(response.headers.get("retry-after") ?? NaN);
  return new ApiProblem(
    response.status,
    `${said}${hint} (status ${response.status})${fields.join("")}`,
    Number.isFinite(retryAfter) ? retryAfter : null,
  );
}
