import { AppError } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";

const CHUNK_CHARACTERS = 24_000;
const CHUNKS_A_COMMIT = 10;
/** Nothing writes one definition for so long. */
const ABANDONED_MS = 3_600_000;

/**
 * Where a definition's chunks lie: a name that no other put has, or, in databases of before, the
 * version.
 */
export type Edition = string | number;

interface Draft {
  botId: string;
  edition: string;
  chunks: number;
}

const chunksPrefix = (botId: string, edition: Edition): Deno.KvKey => ["bots", "k", botId, edition];
const draftsPrefix: Deno.KvKey = ["bots", "w"];
const draftKey = (at: number, edition: string): Deno.KvKey => [...draftsPrefix, at, edition];

/** A definition's text, written but not published. */
export interface Written {
  readonly edition: string;
  readonly chunks: number;
  /** Adds that the text is no draft any more. The commit fails when a sweep has taken it away. */
  publish(tx: WriteSet): void;
  /** Takes the text away again, unless it was published. */
  discard(): Promise<void>;
}

/**
 * Writes a definition's text, some chunks to an atomic, under an edition of its own. Nobody sees it
 * before a record names the edition. A note in the first commit says that it is a draft, so that
 * `sweepDrafts` finds what a killed process leaves.
 */
export async function writeChunks(
  db: Database,
  { botId, text, now }: { botId: string; text: string; now: number },
): Promise<Written> {
  const parts: string[] = [];
  for (let i = 0; i < text.length; i += CHUNK_CHARACTERS) {
    parts.push(text.slice(i, i + CHUNK_CHARACTERS));
  }
  const edition = crypto.randomUUID();
  const draft: Draft = { botId, edition, chunks: parts.length };
  const key = draftKey(now, edition);
  const discard = async () => {
    await removeDraft(db, await db.kv.get<Draft>(key));
  };
  try {
    for (let n = 0; n < parts.length; n += CHUNKS_A_COMMIT) {
      const tx = new WriteSet();
      if (n === 0) tx.set(key, draft);
      parts.slice(n, n + CHUNKS_A_COMMIT).forEach((part, i) =>
        tx.set([...chunksPrefix(botId, edition), n + i], part)
      );
      await db.commit(tx);
    }
    const { versionstamp } = await db.kv.get<Draft>(key);
    if (versionstamp === null) { // swept by now; as a check it would pass
      throw new AppError("unavailable", `bot ${botId} took too long to store; try again`);
    }
    const publish = (tx: WriteSet) => void tx.check(key, versionstamp).delete(key);
    return { edition, chunks: parts.length, publish, discard };
  } catch (error) {
    await discard().catch(() => {});
    throw error;
  }
}

/** The text, or null when it is not all there: replaced while it was read. */
export async function readChunks(
  db: Database,
  botId: string,
  { edition, chunks }: { edition: Edition; chunks: number },
): Promise<string | null> {
  const parts: string[] = [];
  for await (const { value } of db.kv.list<string>({ prefix: chunksPrefix(botId, edition) })) {
    parts.push(value);
  }
  return parts.length === chunks ? parts.join("") : null;
}

/** Adds that the chunks go. */
export function deleteChunks(
  tx: WriteSet,
  botId: string,
  { edition, chunks }: { edition: Edition; chunks: number },
): void {
  for (let n = 0; n < chunks; n++) tx.delete([...chunksPrefix(botId, edition), n]);
}

/** Deletes up to `limit` drafts that nobody will publish any more; returns how many. */
export async function sweepDrafts(db: Database, now: number, limit = 50): Promise<number> {
  const end = [...draftsPrefix, now - ABANDONED_MS];
  let swept = 0;
  for await (const entry of db.kv.list<Draft>({ start: draftsPrefix, end }, { limit })) {
    if (await removeDraft(db, entry)) swept++;
  }
  return swept;
}

/** Only if it is a draft still: a put that has published it needs the chunks. */
async function removeDraft(db: Database, entry: Deno.KvEntryMaybe<Draft>): Promise<boolean> {
  const { key, value, versionstamp } = entry;
  if (value === null) return false;
  const tx = new WriteSet().check(key, versionstamp).delete(key);
  deleteChunks(tx, value.botId, value);
  return await db.commit(tx);
}
