import type { CliContext } from "./context.ts";

const BAR_WIDTH = 24;
const REDRAW_MS = 100;

/**
 * A line on standard error that is redrawn in place, at most ten times a second. Draws nothing
 * unless a terminal is looking, so that logs and pipes stay clean.
 */
export class ProgressBar {
  #drawnAt = -Infinity;
  #shown = false;

  constructor(private readonly context: CliContext, private readonly title: string) {}

  /** Shows that `done` of `total` (null: not known) is done, with a note behind it. */
  update(done: number, total: number | null, note: string): void {
    const now = performance.now();
    if (!this.context.errIsTerminal || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#shown = true;
    let bar = "";
    if (total !== null) {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const filled = Math.round(share * BAR_WIDTH);
      const percent = `${Math.floor(share * 100)}%`.padStart(4);
      bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${percent}  `;
    }
    const line = `${this.title} ${bar}${note}`;
    this.context.err(`\r\x1b[K${[...line].slice(0, this.context.columns - 1).join("")}`);
  }

  /** Takes the line away; what is printed next starts at its place. */
  clear(): void {
    if (this.#shown) this.context.err("\r\x1b[K");
    this.#shown = false;
  }
}
