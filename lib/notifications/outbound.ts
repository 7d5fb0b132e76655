import http from "node:http";
import https from "node:https";
import { messageOf } from "../errors.ts";
import { type Address, type OutboundPolicy, parseTarget, resolveTarget } from "./address.ts";
import { DeliveryError } from "./delivery_error.ts";

export interface OutboundRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** For everything together: name resolution, redirects, the whole answer. */
  timeoutMs?: number;
  /** How much of the answer is read; the rest is cut off. */
  maxResponseBytes?: number;
  signal?: AbortSignal;
}

export interface OutboundResponse {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
  /** The answer was longer than `maxResponseBytes`. */
  truncated: boolean;
}

const TIMEOUT_MS = 15_000;
const MAX_RESPONSE_BYTES = 64 * 1024;
const MAX_REDIRECTS = 3;

/**
 * POSTs to an address that may have come over the API. Name resolution happens once, its result is
 * checked, and the connection goes to exactly that; so does every redirect. Only redirects that
 * keep method and body (307, 308) are followed. Throws DeliveryError when there is no answer.
 */
export async function postOutbound(
  request: OutboundRequest,
  policy: OutboundPolicy = {},
): Promise<OutboundResponse> {
  const timeoutMs = request.timeoutMs ?? TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
  let url = parseTarget(request.url);
  try {
    for (let redirects = 0;; redirects++) {
      const addresses = await unlessAborted(resolveTarget(url, policy), signal);
      const response = await exchange(url, addresses, request, policy, signal);
      const location = response.headers.location;
      if (!location || (response.status !== 307 && response.status !== 308)) return response;
      if (redirects === MAX_REDIRECTS) {
        throw new DeliveryError(`${url.host} redirects too often`, { retryable: false });
      }
      url = parseTarget(location, url);
    }
  } catch (error) {
    request.signal?.throwIfAborted();
    if (error instanceof DeliveryError) throw error;
    const message = timeout.aborted
      ? `${url.host} did not answer within ${timeoutMs} ms`
      : `${url.host} cannot be reached: ${messageOf(error, 200)}`;
    throw new DeliveryError(message, { retryable: true, cause: error });
  }
}

/** One request to one of `addresses`, with the name of `url` for Host header and certificate. */
function exchange(
  url: URL,
  addresses: Address[],
  request: OutboundRequest,
  policy: OutboundPolicy,
  signal: AbortSignal,
): Promise<OutboundResponse> {
  const limit = request.maxResponseBytes ?? MAX_RESPONSE_BYTES;
  const body = new TextEncoder().encode(request.body);
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === "https:" ? https : http).request(url, {
      method: "POST",
      headers: { ...request.headers, "content-length": String(body.byteLength) },
      agent: false, // no connection outlives its request
      signal,
      ca: policy.ca,
      lookup: (_host: string, options: { all?: boolean }, done: LookupDone) => {
        if (options.all) done(null, addresses);
        else done(null, addresses[0]!.address, addresses[0]!.family);
      },
    }, (incoming) => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      const finish = (truncated: boolean) => {
        const text = new TextDecoder().decode(concat(chunks).subarray(0, limit));
        resolve({ status: incoming.statusCode!, headers: incoming.headers, body: text, truncated });
      };
      incoming.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        bytes += chunk.byteLength;
        if (bytes <= limit) return;
        finish(true);
        outgoing.destroy();
      });
      incoming.on("end", () => finish(false));
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

type LookupDone = (
  error: Error | null,
  address: string | Address[],
  family?: number,
) => void;

function concat(chunks: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return all;
}

/** `work`, or the signal's reason as soon as it aborts; for work that cannot be aborted itself. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
