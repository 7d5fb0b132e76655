import { WriteSet } from "../kv/write_set.ts";
import type { AttemptHost } from "./attempt_host.ts";
import { type Effects, JobError } from "./definition.ts";
import type { JobRecord } from "./job.ts";
import { type PackedRecord, unpackRecord } from "./job_codec.ts";
import { jobKey } from "./keys.ts";
import { forgetOnce } from "./once.ts";
import type { ReadyJob } from "./ready_set.ts";
import { toJob } from "./store.ts";

/** How often effects are run again when something they checked was changed meanwhile. */
const MAX_EFFECT_RUNS = 50;

/** What is committed with an attempt's outcome. */
export interface OutcomeParts {
  effects?: Effects;
  /** Results of outside calls are remembered under the job. */
  remembers: boolean;
  /** Adds the record and its claim. */
  write: (tx: WriteSet) => void;
}

/**
 * Commits `next`, the record that follows from an attempt, together with its effects or its domain's
 * side, while the session lasts. `ended` when somebody else ended the job meanwhile, `lost` when
 * the session was. Throws what the effects throw, and a JobError `contention` when they collide
 * with others without end.
 */
export async function commitOutcome(
  host: AttemptHost,
  job: ReadyJob,
  next: JobRecord,
  { effects, remembers, write }: OutcomeParts,
): Promise<"stored" | "ended" | "lost"> {
  const { session: { fence }, db, shared } = host.options;
  for (let run = 0; run < MAX_EFFECT_RUNS; run++) {
    const tx = new WriteSet().check(fence.key, fence.versionstamp);
    if (shared && !await isUnchanged(host, job.id, tx)) return "ended";
    if (effects) await effects(tx);
    else await settle(host, job, next, tx);
    if (next !== job.record && remembers) {
      if (next.state === "completed") await forgetOnce(db.kv, tx, job.id);
      else next.remembers = true;
    }
    write(tx);
    if (await db.commit(tx)) return "stored";
    if ((await db.kv.get(fence.key)).versionstamp !== fence.versionstamp) return "lost";
  }
  throw new JobError("its effects kept colliding with other changes", { code: "contention" });
}

/** Checks in `tx` that nobody ended the job behind our back; false when somebody did. */
async function isUnchanged({ options }: AttemptHost, id: string, tx: WriteSet): Promise<boolean> {
  const entry = await options.db.kv.get<PackedRecord>(jobKey(id));
  if (entry.value === null || unpackRecord(entry.value).finishedAt !== undefined) return false;
  tx.check(entry.key, entry.versionstamp);
  return true;
}

/** Adds the domain's side of a failure or cancellation. */
async function settle(
  { options }: AttemptHost,
  { address }: ReadyJob,
  next: JobRecord,
  tx: WriteSet,
): Promise<void> {
  if (next.state !== "failed" && next.state !== "cancelled") return;
  const error = next.state === "failed"
    ? next.errors?.at(-1)
    : { code: "cancelled", message: next.reason ?? "cancelled" };
  await options.definitions.get(next.kind)?.settle?.(tx, toJob(address, next), {
    state: next.state,
    error: { code: error?.code ?? "failed", message: error?.message ?? "failed" },
  });
}
