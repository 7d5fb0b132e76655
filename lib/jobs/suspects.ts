import type { JobRecord } from "./job.ts";

/**
 * Keeps jobs apart that were on board when a process died, so that the one that kills is found and
 * no other is taken for it.
 */
export class Suspects {
  /** On board now: those that saw a crash before, and those of them that saw two. */
  #any = 0;
  #grave = 0;

  /**
   * Whether a suspect may come on board. One whose next crash would be its last runs beside no
   * other suspect.
   */
  mayBoard(crashes: number): boolean {
    return crashes > 1 ? this.#any === 0 : this.#grave === 0;
  }

  /** A job came on board (1) or left (−1); of a job that never saw a crash nothing is noted. */
  count({ crashes = 0 }: JobRecord, by: 1 | -1): void {
    if (crashes > 0) this.#any += by;
    if (crashes > 1) this.#grave += by;
  }
}
