import type { z } from "@hono/zod-openapi";
import type { Principal } from "../../lib/auth/principal.ts";
import type { AppError } from "../../lib/errors.ts";
import type { IdempotencyClaim } from "../../lib/kv/idempotency.ts";
import type { WriteSet } from "../../lib/kv/write_set.ts";
import type { RouteName } from "../middleware/roles.ts";

export type Schema = z.ZodObject;
export type Fields<S> = S extends z.ZodType ? z.output<S> : Record<never, never>;
/** A successful answer without what is around every one of them. */
export type Payload<A extends z.ZodType> = Omit<z.input<A>, "status" | "timestamp">;

/** An answer as JSON text, for payloads that many get while they do not change. */
export class PreparedJson {
  readonly #beginning: string;
  #latest = { at: -1, text: "" };

  constructor(payload: Record<string, unknown>) {
    this.#beginning = `{"status":"success",${JSON.stringify(payload).slice(1, -1)},"timestamp":"`;
  }

  /** The whole body as of an instant (ms UTC); all who ask within a millisecond share it. */
  text(at: number): string {
    if (this.#latest.at !== at) {
      this.#latest = { at, text: `${this.#beginning}${new Date(at).toISOString()}"}` };
    }
    return this.#latest.text;
  }
}

/** One request, parsed and let in. */
export interface Call<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  principal: Principal;
  request: Request;
  /** Aborts when the caller leaves or the service stops. */
  signal: AbortSignal;
  requestId: string;
  /** The claim of an `Idempotency-Key`, over everything the request asks for. */
  claim: IdempotencyClaim | undefined;
  /**
   * Adds the change's line in the audit log to the commit that makes it; `made` is the id of what
   * it makes. A handler that has no commit of its own leaves it: the line follows right after.
   */
  audit(tx: WriteSet, made?: string): void;
  /** Adds a header to a successful answer; the name in lower case. */
  header(name: string, value: string): void;
}

/** A route of the contract: what it takes, what it answers, and the port call between. */
export interface Operation<
  P extends Schema | undefined,
  Q extends Schema | undefined,
  B extends Schema | undefined,
  A extends Schema,
> {
  route: RouteName;
  tag: string;
  summary: string;
  description?: string;
  params?: P;
  query?: Q;
  body?: B;
  answer: A;
  /** Statuses beyond those that every route has. */
  statuses?: (404 | 409 | 503)[];
  /** The request queues something: it takes an `Idempotency-Key`. */
  queues?: boolean;
  /** It is asked so often that the audit log counts it instead of telling each time. */
  often?: boolean;
  /** It waits for a turn's end where the caller prefers so. */
  waits?: boolean;
  /** The handler reads the body as a stream, of any length. */
  streams?: readonly string[];
  /** The answer is a stream of this media type. */
  stream?: string;
  /** It takes `Last-Event-ID`. */
  resumes?: boolean;
  /** It answers with this media type too, to whoever asks for it. */
  alsoAs?: string;
  /** This parameter takes the rest of the path, slashes too. */
  rest?: string;
  /** What an id that cannot name anything is answered with; by default 404 without more. */
  unknown?: (params: Record<string, string>) => AppError;
  /** An id in the path makes something, so one that does not fit is 422. */
  creates?: boolean;
  handle(
    call: Call<Fields<P>, Fields<Q>, Fields<B>>,
  ): Answered<A> | Promise<Answered<A>>;
}

type Answered<A extends Schema> = Payload<A> | PreparedJson | Response;
