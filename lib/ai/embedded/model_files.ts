import { createHash } from "node:crypto";
import { join } from "node:path";
import { type TrainedBot, unpackTrained } from "./trained_bot.ts";

/** Where trained bots outlive the process. */
export interface ModelStore {
  /** What was saved of the bot under this fingerprint; null where there is nothing to use. */
  load(botId: string, fingerprint: string): Promise<TrainedBot | null>;
  /** Saves a packed bot in place of what was saved of it before. */
  save(botId: string, fingerprint: string, packed: Uint8Array): Promise<void>;
  /** Deletes what was saved of the bot. */
  remove(botId: string): Promise<void>;
}

/** Trained bots as files of a folder, one a bot: they can be deleted at any time. */
export class ModelFiles implements ModelStore {
  constructor(readonly folder: string) {}

  async load(botId: string, fingerprint: string): Promise<TrainedBot | null> {
    let bytes: Uint8Array;
    try {
      bytes = await Deno.readFile(this.#path(botId));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
    const mark = markOf(fingerprint);
    if (!bytes.subarray(0, MARK_BYTES).every((byte, i) => byte === mark[i])) return null;
    return unpackTrained(bytes.subarray(MARK_BYTES));
  }

  async save(botId: string, fingerprint: string, packed: Uint8Array): Promise<void> {
    await Deno.mkdir(this.folder, { recursive: true });
    const path = this.#path(botId);
    const part = `${path}.${crypto.randomUUID()}.part`;
    try {
      await Deno.writeFile(part, markOf(fingerprint));
      await Deno.writeFile(part, packed, { append: true });
      await Deno.rename(part, path);
    } catch (error) {
      await Deno.remove(part).catch(() => {});
      throw error;
    }
  }

  async remove(botId: string): Promise<void> {
    try {
      await Deno.remove(this.#path(botId));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #path(botId: string): string {
    return join(this.folder, modelName(botId));
  }
}

/** The name of a bot's model: ids may be long, and hold what neither files nor keys take. */
export const modelName = (botId: string): string =>
  createHash("sha256").update(botId).digest("hex").slice(0, 40);

const MARK_BYTES = 32;

function markOf(fingerprint: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(fingerprint).digest());
}
