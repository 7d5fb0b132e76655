import { AppError } from "../errors.ts";
import type { JobEngine } from "../jobs/engine.ts";
import { type PackedRecord, packRecord, unpackRecord } from "../jobs/job_codec.ts";
import type { JobRecord } from "../jobs/job.ts";
import { allJobsPrefix } from "../jobs/keys.ts";
import type { Database } from "../kv/database.ts";
import { replaceEverywhere, replaceTogether, type ValueCodec } from "../kv/replace_text.ts";
import { WriteSet } from "../kv/write_set.ts";
import { type ConversationRecord, ERASED } from "./conversation.ts";
import { eraseTexts } from "./erase_texts.ts";
import type { ErasureLog } from "./erasure_log.ts";
import { conversationKey, pendingPrefix } from "./keys.ts";
import type { ConversationLedger } from "./ledger.ts";
import { turnJob } from "./turn_job.ts";
import { FIGURES, LISTS_OF_FIGURES, mayHoldUser, userPartOf, withoutActor } from "./user_places.ts";

export interface EraseDeps {
  db: Database;
  engine: Pick<JobEngine, "cancel">;
  erasures: ErasureLog;
  ledger: Pick<ConversationLedger, "replaced">;
  /** Removes replies that may repeat what the user wrote. */
  clearAnswers(): Promise<unknown>;
}

const doneKey = (hash: string): Deno.KvKey => ["conv", "erased", hash];
/** What an erasure that is under way, or was cut off, has to go on with; gone when it is done. */
interface Erasing {
  /** The latest is the one that is being given. */
  pseudonyms: string[];
  /** The user's id, which may be gone already from where it is looked for. */
  ids: string[];
}
const erasingKey = (hash: string): Deno.KvKey => ["conv", "erasing", hash];
/** Users among the figures. */
const countedPrefix: Deno.KvKey = ["stats", "u"];
const CALLBACK_KIND = "deliver_callback";
const MAX_ROUNDS = 10;

/**
 * Erases whoever has this hash: their conversations lose their texts, and a random pseudonym takes
 * the place of their id in every record of the database. Can be repeated; what was cut off goes on.
 * Returns how many conversations and records were changed.
 */
export async function eraseUser(
  deps: EraseDeps,
  hash: string,
  options: { signal?: AbortSignal; progress?: (looked: number) => void } = {},
): Promise<{ conversations: number; records: number }> {
  const { db } = deps;
  const erasing = await goOn(db, hash);
  const { pseudonyms } = erasing;
  const pseudonym = pseudonyms.at(-1)!;
  const texts = new Map(erasing.ids.map((id) => [id, pseudonym]));
  const erased = new Set<string>();
  for (let round = 0;; round++) {
    const found = await findUser(deps, hash, { texts, erased, pseudonyms }, options.signal);
    await db.commit(
      new WriteSet().set(erasingKey(hash), { ...erasing, ids: [...texts.keys()] }),
    );
    if (found.length === 0) break;
    if (round === MAX_ROUNDS) {
      throw new AppError("conflict", "the user goes on writing; erase them again later");
    }
    for (const id of found) {
      await cancelOpen(deps, id);
      await eraseTexts(db, id, pseudonym);
      erased.add(id);
    }
  }
  await deps.clearAnswers();
  const places = { db, texts, partOf: userPartOf, mayHold: mayHoldUser, ...options };
  const records = await replaceEverywhere({
    ...places,
    // Figures go at once, after the conversations: cut off in between, they would be two users' when
    // the user comes back, and the conversations one's.
    partOf: (key) => key[0] === "stats" ? null : userPartOf(key),
    also: (key, value) => withoutTraces(key, value, erased, texts),
    codecOf: (key) => key[0] === allJobsPrefix[0] ? jobCodec : null,
  }) + await replaceTogether(places, FIGURES, LISTS_OF_FIGURES);
  const done = new WriteSet().set(doneKey(hash), 1).delete(erasingKey(hash));
  await deps.ledger.replaced(done, pseudonyms);
  await db.commit(done);
  return { conversations: erased.size, records };
}

/**
 * An erasure that was cut off goes on with its pseudonym, so that figures and conversations stay one
 * user's; with another where the user has come back meanwhile, whose figures would be overwritten.
 */
async function goOn(db: Database, hash: string): Promise<Erasing> {
  const fresh = `erased-${crypto.randomUUID()}`;
  const { value } = await db.kv.get<Erasing>(erasingKey(hash));
  if (!value) return { pseudonyms: [fresh], ids: [] };
  const counted = async (id: string) => (await db.kv.get([...countedPrefix, id])).value !== null;
  const back = await counted(value.pseudonyms.at(-1)!) &&
    (await Promise.all(value.ids.map(counted))).includes(true);
  return back ? { ...value, pseudonyms: [...value.pseudonyms, fresh] } : value;
}

/**
 * Cancels the open turns of whoever has one of these hashes, so that nobody answers what is about to
 * be erased. Costs by the turns that wait. The engine need not run.
 */
export async function cancelTurnsOf(
  deps: Pick<EraseDeps, "db" | "engine" | "erasures">,
  hashes: ReadonlySet<string>,
): Promise<void> {
  const looked = new Set<string>();
  for await (const { key } of deps.db.kv.list({ prefix: pendingPrefix }, { batchSize: 500 })) {
    const id = String(key.at(-2));
    if (looked.has(id)) continue;
    looked.add(id);
    const { value } = await deps.db.kv.get<ConversationRecord>(conversationKey(id));
    if (value && hashes.has(deps.erasures.hash(value.userId))) await cancelOpen(deps, id);
  }
}

/**
 * Hashes of the log that this database does not know, since it was restored from before, and those
 * of erasures that have not come to their end.
 */
export async function unapplied(db: Database, erasures: ErasureLog): Promise<string[]> {
  const missing: string[] = [];
  for (const hash of erasures.list()) {
    const [done, erasing] = await db.kv.getMany([doneKey(hash), erasingKey(hash)]);
    if (done.value === null || erasing.value !== null) missing.push(hash);
  }
  return missing;
}

/**
 * The user's conversations. The ids by which the user is known are noted in `texts`, conversations
 * that have a pseudonym already in `erased`.
 */
async function findUser(
  { db, erasures }: EraseDeps,
  hash: string,
  { texts, erased, pseudonyms }: {
    texts: Map<string, string>;
    erased: Set<string>;
    pseudonyms: readonly string[];
  },
  signal?: AbortSignal,
): Promise<string[]> {
  const pseudonym = pseudonyms.at(-1)!;
  const known = new Map<string, boolean>();
  const isUser = (userId: string): boolean => {
    let is = known.get(userId);
    if (is === undefined) {
      if (known.size > 50_000) known.clear();
      known.set(userId, is = erasures.hash(userId) === hash);
      if (is) texts.set(userId, pseudonym);
    }
    return is;
  };
  const found: string[] = [];
  const prefix = conversationKey("").slice(0, -1);
  for await (
    const { key, value } of db.kv.list<ConversationRecord>({ prefix }, { batchSize: 500 })
  ) {
    signal?.throwIfAborted();
    if (pseudonyms.includes(value.userId)) erased.add(String(key.at(-1)));
    else if (isUser(value.userId)) found.push(String(key.at(-1)));
  }
  // Somebody whose conversations were deleted is still among the figures.
  for await (const { key } of db.kv.list({ prefix: countedPrefix }, { batchSize: 500 })) {
    isUser(String(key.at(-1)));
  }
  return found;
}

async function cancelOpen(
  { db, engine }: Pick<EraseDeps, "db" | "engine">,
  id: string,
): Promise<void> {
  const { value } = await db.kv.get<ConversationRecord>(conversationKey(id));
  for (const { taskId } of value?.open ?? []) {
    try {
      await engine.cancel(taskId, "the user was erased");
    } catch (error) {
      const code = error instanceof AppError ? error.code : "";
      if (code !== "conflict" && code !== "not_found") throw error;
    }
  }
}

const jobCodec: ValueCodec = {
  decode: (stored) => unpackRecord(stored as PackedRecord),
  encode: (record) => packRecord(record as JobRecord),
};

/**
 * What else tells of erased conversations: callbacks' addresses, what a failed turn said, and why a
 * person was asked for.
 */
function withoutTraces(
  key: Deno.KvKey,
  value: unknown,
  erased: Set<string>,
  texts: ReadonlyMap<string, string>,
): unknown {
  if (key[0] === "notify") return withoutReason(value, erased);
  if (key[0] === "audit") return withoutActor(value as { actor: string; subject: string }, texts);
  if (key[0] !== allJobsPrefix[0]) return value;
  const job = value as JobRecord;
  if (job.kind !== CALLBACK_KIND && job.kind !== turnJob.kind) return value;
  const payload = job.payload as { conversation_id?: string; url?: string };
  if (!erased.has(payload.conversation_id ?? "") || payload.url === ERASED) return value;
  if (job.kind === turnJob.kind) {
    const { errors = [] } = job;
    if (errors.every(({ message }) => message === ERASED)) return value;
    return { ...job, errors: errors.map((e) => ({ ...e, message: ERASED })) };
  }
  return { ...job, payload: { ...payload, url: ERASED }, errors: [] };
}

function withoutReason(value: unknown, erased: Set<string>): unknown {
  const sent = value as { conversationId?: string; content?: { channel: string } };
  if (!sent?.content || !erased.has(sent.conversationId ?? "")) return value;
  const content = sent.content.channel === "email"
    ? { channel: "email", email: { subject: ERASED, text: ERASED, html: ERASED } }
    : { channel: "webhook", data: { conversation_id: sent.conversationId } };
  return JSON.stringify(sent.content) === JSON.stringify(content) ? value : { ...sent, content };
}
