import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { abortableFetch } from "../abortable_fetch.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";

const ANSWER_MS = 3_000;
const MAX_BYTES = 1_048_576;
/** Keys may be withdrawn, so they are fetched again after this. */
const FRESH_MS = 600_000;
/** A token that names a key nobody has seen makes us ask again, but not more often than this. */
const PAUSE_MS = 30_000;
/** What failed is not tried again for every request. */
export const RETRY_MS = 5_000;

/** The key server did not tell the keys. */
export class KeysMissing extends Error {
  override readonly name = "KeysMissing";
}

/** What the tokens' keys are taken from. */
export interface KeyServerOptions {
  url: string;
  clock: Clock;
  log: Logger;
}

/**
 * The public keys of a key server (RFC 7517), fetched when they are needed and kept for a while.
 * Times are by the clock's `elapsed`, so that a clock that is set back withholds no new key.
 */
export class KeyServer {
  #keys: JWTVerifyGetKey | null = null;
  #fetchedAt = -Infinity;
  #failure: { error: KeysMissing; at: number } | null = null;
  #fetching: Promise<JWTVerifyGetKey> | null = null;

  constructor(readonly options: KeyServerOptions) {}

  /** The key that a token names. Rejects with `KeysMissing`, or as `createLocalJWKSet` does. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = this.#keys && this.#age() < FRESH_MS ? this.#keys : await this.#fetched();
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys || this.#age() < PAUSE_MS) throw error;
      return await (await this.#fetched())(header, token);
    }
  };

  #age(): number {
    return this.options.clock.elapsed() - this.#fetchedAt;
  }

  /** Keys fetched anew; everybody who asks meanwhile waits for the same answer. */
  #fetched(): Promise<JWTVerifyGetKey> {
    const { clock, log, url } = this.options;
    if (this.#failure && clock.elapsed() - this.#failure.at < RETRY_MS) {
      return Promise.reject(this.#failure.error);
    }
    return this.#fetching ??= fetchKeys(url).then((keys) => {
      this.#failure = null;
      this.#fetchedAt = clock.elapsed();
      return this.#keys = keys;
    }, (cause) => {
      const error = new KeysMissing("The key server did not tell its keys", { cause });
      this.#failure = { error, at: clock.elapsed() };
      log.warn("the keys that check tokens cannot be fetched", { error: cause });
      throw error;
    }).finally(() => this.#fetching = null);
  }
}

async function fetchKeys(url: string): Promise<JWTVerifyGetKey> {
  const response = await abortableFetch(url, {
    headers: { accept: "application/json, application/jwk-set+json" },
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`It answered with ${response.status}`);
  }
  return createLocalJWKSet(JSON.parse(await textOf(response)));
}

/** A body up to the limit; one that is longer is not read to its end. */
async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`Its answer is longer than ${MAX_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
