import type { Database } from "../../../lib/kv/database.ts";
import { WriteSet } from "../../../lib/kv/write_set.ts";

/**
 * Every point at which the engine waits for the store, by name: what is being written or read, and
 * whether the process dies before it is handed over, while SQLite works on it, or once it is
 * durable but before anybody was told.
 */
export const STEPS = [
  "enqueue", // a new job
  "aboard", // a new job with its run marker
  "claim", // a run marker
  "remember", // the result of an outside call
  "outcome", // how an attempt ended, with its effects
  "cancel",
  "fence", // a new session
  "unfence", // ending sessions of dead workers
  "recover", // counting a crash
  "end", // a session ends in good order
] as const;
export const MOMENTS = ["before", "during", "after"] as const;
export const READS = ["read level", "read timers", "read markers", "read sessions"] as const;
/** Awaits in which the engine waits for a handler's code. */
export const HANDLERS = ["perform", "effects", "settle"] as const;

export type Failpoint = string;

export const FAILPOINTS: Failpoint[] = [
  ...STEPS.flatMap((step) => MOMENTS.map((moment) => `${step} ${moment}`)),
  ...READS.flatMap((read) => [`${read} before`, `${read} after`]),
  ...HANDLERS,
];

/** What a write set of the engine is for, by the keys it touches. `working` once it has a session. */
function stepOf(write: WriteSet, working: boolean): typeof STEPS[number] | null {
  const sets = new Set<unknown>();
  const deletes = new Set<unknown>();
  for (const m of write.mutations) {
    if (m.type === "set") sets.add(familyOf(m.key));
    else if (m.type === "delete") deletes.add(familyOf(m.key));
  }
  const checks = new Set(write.checks.map((check) => familyOf(check.key)));
  if (sets.has("session")) return "fence";
  if (deletes.has("session")) return working ? "end" : "unfence";
  if (checks.has("session") && sets.has("once")) return "remember";
  if (checks.has("session") && sets.has("job") && sets.has("run")) return "aboard";
  if (checks.has("session")) return sets.has("job") ? "outcome" : sets.has("run") ? "claim" : null;
  if (checks.has("job")) return deletes.has("run") || sets.has("run") ? "recover" : "cancel";
  return sets.has("job") ? "enqueue" : null;
}

const familyOf = (key: Deno.KvKey) => key[0] === "job" ? "job" : key[1];

function readOf(selector: Deno.KvListSelector): typeof READS[number] | null {
  const key = "prefix" in selector ? selector.prefix : selector.start;
  if (key[0] !== "jobs") return null;
  if (key[1] === "open") return "read level";
  if (key[1] === "t") return "read timers";
  if (key[1] === "run") return "read markers";
  return key[1] === "session" ? "read sessions" : null;
}

/** Kills this process at the named point, the `skip`-th time that it comes by. */
export class Failpoints {
  #left: number;
  #working = false;

  constructor(readonly name: Failpoint | null, skip: number) {
    this.#left = skip;
  }

  reach(name: Failpoint): void {
    if (name !== this.name || this.#left-- > 0) return;
    Deno.kill(Deno.pid, "SIGKILL");
    // The signal is on its way; nothing of ours may happen any more.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_000);
  }

  /** The database, with the engine's waits made visible. */
  around(db: Database): Database {
    const kv = this.#aroundKv(db.kv);
    return new Proxy(db, {
      get: (target, property) => {
        if (property === "kv") return kv;
        if (property === "commit") return (write: WriteSet) => this.#commit(target, write);
        const value = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  async #commit(db: Database, write: WriteSet): Promise<boolean> {
    const step = stepOf(write, this.#working);
    if (step === "fence") this.#working = true;
    if (!step) return await db.commit(write);
    this.reach(`${step} before`);
    const watched = new WriteSet().afterCommit(() => this.reach(`${step} after`)).merge(write);
    const committing = db.commit(watched);
    if (this.name === `${step} during`) {
      // Two turns of the microtask queue later SQLite has the commit in hand.
      await null;
      await null;
      this.reach(`${step} during`);
    }
    return await committing;
  }

  #aroundKv(kv: Deno.Kv): Deno.Kv {
    return new Proxy(kv, {
      get: (target, property) => {
        if (property === "list") return this.#list.bind(this, target);
        const value = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  #list(kv: Deno.Kv, selector: Deno.KvListSelector, options?: Deno.KvListOptions) {
    const iterator = kv.list(selector, options);
    const read = readOf(selector);
    if (!read) return iterator;
    const reach = (moment: string) => this.reach(`${read} ${moment}`);
    return (async function* () {
      reach("before");
      yield* iterator;
      reach("after");
    })();
  }
}
