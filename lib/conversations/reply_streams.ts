import { cutText } from "../wire/characters.ts";

/** A piece of a reply, or that what came so far no longer holds because it is begun anew. */
export type ReplyPiece = { text: string } | { restart: true };

interface Live {
  /** What has come so far, for those who come later. */
  text: string;
  listeners: Set<(piece: ReplyPiece) => void>;
  running: boolean;
  /** More has come than a reply holds. */
  full: boolean;
}

/** Longer replies are cut when they are stored. */
const MAX_TEXT = 16_000;

/** Replies in the making, by task: whoever writes one tells it here, whoever waits for it listens. */
export class ReplyStreams {
  readonly #live = new Map<string, Live>();
  #listeners = 0;

  /** How many listen. */
  get listeners(): number {
    return this.#listeners;
  }

  /** An attempt at a reply begins; what an earlier attempt said is void. */
  begin(taskId: string): void {
    const live = this.#of(taskId);
    live.running = true;
    live.full = false;
    if (live.text === "") return;
    live.text = "";
    for (const listener of live.listeners) listener({ restart: true });
  }

  add(taskId: string, text: string): void {
    const live = this.#live.get(taskId);
    if (!live || live.full) return;
    const piece = cutText(text, MAX_TEXT - live.text.length);
    live.full = piece.length < text.length;
    if (piece === "") return;
    live.text += piece;
    for (const listener of live.listeners) listener({ text: piece });
  }

  /** The attempt is over, whatever came of it. */
  end(taskId: string): void {
    const live = this.#live.get(taskId);
    if (!live) return;
    live.running = false;
    if (live.listeners.size === 0) this.#live.delete(taskId);
  }

  /** Tells what has come so far and then each piece; the returned function ends that. */
  subscribe(taskId: string, listener: (piece: ReplyPiece) => void): () => void {
    const live = this.#of(taskId);
    live.listeners.add(listener);
    this.#listeners++;
    if (live.text !== "") listener({ text: live.text });
    return () => {
      if (!live.listeners.delete(listener)) return;
      this.#listeners--;
      if (live.listeners.size === 0 && !live.running) this.#live.delete(taskId);
    };
  }

  #of(taskId: string): Live {
    let live = this.#live.get(taskId);
    if (!live) {
      live = { text: "", listeners: new Set(), running: false, full: false };
      this.#live.set(taskId, live);
    }
    return live;
  }
}
