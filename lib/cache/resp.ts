import { Buffer } from "node:buffer";

/** A text as an argument of a command; `bytes` is its length in UTF-8, where that is known. */
export function bulk(text: string, bytes = Buffer.byteLength(text)): string {
  return `$${bytes}\r\n${text}\r\n`;
}

/** A command as Redis reads it, an array of bulk strings; `args` are laid out already. */
export function command(name: string, count: number, args: string): string {
  return `*${count + 1}\r\n$${name.length}\r\n${name}\r\n${args}`;
}

/** Puts a command together of texts and bytes. */
export class Wire {
  #text = "";
  #pieces: Uint8Array[] | null = null;

  add(text: string): void {
    this.#text += text;
  }

  addBytes(bytes: Uint8Array): void {
    this.#pieces ??= [];
    this.#pieces.push(Buffer.from(this.#text), bytes);
    this.#text = "";
  }

  /** All of it behind `head`. */
  behind(head: string): string | Buffer {
    if (this.#pieces === null) return head + this.#text;
    return Buffer.concat([Buffer.from(head), ...this.#pieces, Buffer.from(this.#text)]);
  }
}
