import { AppError } from "../../lib/errors.ts";

export interface StreamLimits {
  /** Open at once; 0: no limit. */
  streams: number;
  /** Of those, by one token; 0: no limit. */
  streamsPerToken: number;
}

/** Counts the streams that are open, in all and by whoever opened them. */
export class OpenStreams {
  readonly #by = new Map<string, number>();
  #all = 0;

  constructor(readonly limits: StreamLimits) {}

  /**
   * Counts one more until the returned function is called. Throws AppError `rate_limited` when this
   * token has too many, `overloaded` when there are too many altogether.
   */
  open(principalId: string): () => void {
    const { streams, streamsPerToken } = this.limits;
    const own = this.#by.get(principalId) ?? 0;
    if (streamsPerToken > 0 && own >= streamsPerToken) {
      throw new AppError("rate_limited", `This token has ${own} streams open already.`, {
        retryAfterSeconds: 10,
      });
    }
    if (streams > 0 && this.#all >= streams) {
      throw new AppError("overloaded", "Too many streams are open.", { retryAfterSeconds: 10 });
    }
    this.#all++;
    this.#by.set(principalId, own + 1);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#all--;
      const left = this.#by.get(principalId)! - 1;
      if (left > 0) this.#by.set(principalId, left);
      else this.#by.delete(principalId);
    };
  }
}
