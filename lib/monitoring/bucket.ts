import { AwsV4Signer } from "aws4fetch";
import { abortableFetch } from "../abortable_fetch.ts";
import type { BucketConfig } from "../config/config.ts";
import { messageOf } from "../errors.ts";
import { mayPass, retryAfterMs } from "../notifications/delivery_error.ts";
import { BucketError, codeOf, listed, type ListedObject, uploadIdOf } from "./bucket_answers.ts";

/** Bytes of a file that are in memory at a time, and in one request. S3 asks for 5 MiB at least. */
const PART_BYTES = 8 * 1024 ** 2;
/** S3's own limit; parts of a larger file are larger. */
const MAX_PARTS = 10_000;
const REQUEST_MS = 30_000;
/** For a part on its way: about 28 KB/s. */
const PART_MS = 5 * 60_000;
/** A download that stays silent for so long has ended. */
const SILENT_MS = 60_000;

interface Request {
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * A folder in a bucket of S3-compatible storage. Names are those in the folder. Every call throws
 * BucketError when the storage refuses it or cannot be reached.
 */
export class Bucket {
  readonly #base: string;

  constructor(readonly config: BucketConfig, readonly partBytes = PART_BYTES) {
    const { endpoint, bucket, pathStyle } = config;
    const url = new URL(endpoint);
    if (!pathStyle) url.host = `${bucket}.${url.host}`;
    const path = url.pathname.replace(/\/+$/, "");
    this.#base = url.origin + path + (pathStyle ? `/${bucket}` : "");
  }

  /** Where that is, for people. */
  get address(): string {
    const { endpoint, bucket, prefix } = this.config;
    return `${new URL(endpoint).host}/${bucket}/${prefix}`;
  }

  /** Everything directly in the folder. */
  async list(signal?: AbortSignal): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    const prefix = `${this.config.prefix}/`;
    let more: string | undefined;
    do {
      const query = {
        "list-type": "2",
        delimiter: "/",
        prefix,
        ...(more === undefined ? {} : { "continuation-token": more }),
      };
      const page = listed(await (await this.#request("GET", null, { query, signal })).text());
      for (const { key, bytes } of page.objects) {
        found.push({ name: key.slice(prefix.length), bytes });
      }
      more = page.next;
    } while (more !== undefined);
    return found;
  }

  /** Stores a short text. */
  async putText(name: string, text: string, signal?: AbortSignal): Promise<void> {
    await this.#put(name, new TextEncoder().encode(text), { signal });
  }

  /**
   * Stores a file, a part at a time, each with its checksum; nothing is there under `name` until
   * all of it is. `progress` gets the bytes that have arrived.
   */
  async putFile(
    name: string,
    path: string,
    options: { signal?: AbortSignal; progress?: (bytes: number) => void } = {},
  ): Promise<void> {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    const { signal, progress = () => {} } = options;
    if (size <= this.partBytes) {
      await this.#put(name, await filled(file, size), { signal, timeoutMs: PART_MS });
      return progress(size);
    }
    const started = await this.#request("POST", name, { query: { uploads: "" }, signal });
    const uploadId = uploadIdOf(await started.text());
    try {
      const parts: string[] = [];
      const step = Math.max(this.partBytes, Math.ceil(size / MAX_PARTS));
      for (let at = 0; at < size; at += step) {
        const body = await filled(file, Math.min(step, size - at));
        const query = { partNumber: String(parts.length + 1), uploadId };
        parts.push(await this.#put(name, body, { query, signal, timeoutMs: PART_MS }));
        progress(at + body.byteLength);
      }
      await this.#complete(name, uploadId, parts, signal);
    } catch (error) {
      // What has arrived of it would be kept, and paid for, unseen.
      await this.#request("DELETE", name, { query: { uploadId } }).then(drop).catch(() => {});
      throw error;
    }
  }

  /** What is stored, chunk by chunk. */
  async *read(name: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const silent = new AbortController();
    const watch = () =>
      setTimeout(
        () => silent.abort(new Error(`nothing came for ${SILENT_MS / 1_000} s`)),
        SILENT_MS,
      );
    let timer = watch();
    const either = signal ? AbortSignal.any([signal, silent.signal]) : silent.signal;
    try {
      const { body } = await this.#request("GET", name, { signal: either, timeoutMs: 0 });
      for await (const chunk of body ?? []) {
        clearTimeout(timer);
        yield chunk;
        timer = watch();
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#named(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A stored text; null when there is none. */
  async readText(name: string, signal?: AbortSignal): Promise<string | null> {
    try {
      return await (await this.#request("GET", name, { signal })).text();
    } catch (error) {
      if (error instanceof BucketError && error.code === "NoSuchKey") return null;
      throw error;
    }
  }

  async delete(name: string, signal?: AbortSignal): Promise<void> {
    await drop(await this.#request("DELETE", name, { signal }));
  }

  /** Stores bytes and gives their tag. */
  async #put(name: string, body: Uint8Array<ArrayBuffer>, request: Request): Promise<string> {
    const response = await this.#request("PUT", name, { ...request, body });
    await drop(response);
    return response.headers.get("etag") ?? "";
  }

  async #complete(name: string, uploadId: string, parts: string[], signal?: AbortSignal) {
    const rows = parts.map((tag, i) =>
      `<Part><PartNumber>${i + 1}</PartNumber><ETag>${tag.replaceAll(/[<>&]/g, "")}</ETag></Part>`
    );
    const body = new TextEncoder().encode(
      `<CompleteMultipartUpload>${rows.join("")}</CompleteMultipartUpload>`,
    );
    const headers = { "content-type": "application/xml" };
    const request = { query: { uploadId }, headers, body, timeoutMs: PART_MS, signal };
    const said = await (await this.#request("POST", name, request)).text();
    // S3 may find out that it failed after it has answered 200.
    const code = codeOf(said);
    if (code) throw new BucketError(`${this.address} answered ${code}`, { code });
  }

  /** One signed request; `name` null is the bucket itself. `timeoutMs` 0 leaves it to the signal. */
  async #request(method: string, name: string | null, request: Request): Promise<Response> {
    const { query = {}, headers = {}, body, timeoutMs = REQUEST_MS, signal } = request;
    const key = name === null ? "" : `/${this.config.prefix}/${encodeURIComponent(name)}`;
    const url = new URL(this.#base + key);
    for (const [field, value] of Object.entries(query)) url.searchParams.set(field, value);
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers, "x-amz-content-sha256": await sha256(body ?? new Uint8Array()) },
      body,
      accessKeyId: this.config.keyId,
      secretAccessKey: this.config.secret,
      service: "s3",
      region: this.config.region,
    }).sign();
    const limits = [signal, timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined];
    let response: Response;
    try {
      response = await abortableFetch(signed.url, {
        method,
        headers: signed.headers,
        body,
        redirect: "manual", // a signature holds for one address
        signal: AbortSignal.any(limits.filter((limit) => limit !== undefined)),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#named(error);
    }
    if (response.ok) return response;
    throw await this.#refusal(response);
  }

  async #refusal(response: Response): Promise<BucketError> {
    const code = codeOf(await response.text().catch(() => "")) ?? undefined;
    const { status, headers } = response;
    return new BucketError(
      `${this.address} answered ${status}${code ? ` (${code})` : ""}`,
      {
        code: code ?? (status === 404 ? "NoSuchKey" : undefined),
        permanent: !mayPass(status) && code !== "RequestTimeout",
        retryAfterMs: retryAfterMs(headers.get("retry-after") ?? undefined, Date.now()),
      },
    );
  }

  /** Any failure on the way there, with the place and without the request. */
  #named(error: unknown): BucketError {
    if (error instanceof BucketError) return error;
    const host = new URL(this.config.endpoint).host;
    return new BucketError(`${host} cannot be reached: ${messageOf(error, 200)}`, { cause: error });
  }
}

/** The next `bytes` of a file. */
async function filled(file: Deno.FsFile, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const all = new Uint8Array(bytes);
  for (let at = 0; at < bytes;) {
    const read = await file.read(all.subarray(at));
    if (read === null) throw new Error("the file became shorter while it was read");
    at += read;
  }
  return all;
}

const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();

/** Lets go of an answer whose body says nothing. */
async function drop(response: Response): Promise<void> {
  await response.body?.cancel();
}
