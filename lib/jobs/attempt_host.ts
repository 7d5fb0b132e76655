import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import type { AnyDefinition } from "./definition.ts";
import type { EventHub } from "./events.ts";
import type { QueueStats } from "./queue_stats.ts";
import type { ReadyJob } from "./ready_set.ts";
import type { Session } from "./session.ts";
import type { SharedCommit } from "./shared_commit.ts";

/** Jobs named in one run marker; the marker goes when the last of them has ended. */
export interface Claim {
  number: number;
  remaining: number;
  /** Resolves when the marker is durable, or could not be written. */
  marked: Promise<void>;
}

export interface AttemptOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  session: Session;
  definitions: ReadonlyMap<string, AnyDefinition>;
  events: EventHub;
  stats: QueueStats;
  /** Other processes may cancel jobs in the store, so a commit must look first. */
  shared?: boolean;
  /** The session is gone; nothing may be started or written any more. */
  onLost: () => void;
  /** A job has reached a final state, durably. */
  onEnded: (id: string) => void;
}

/** An attempt as the queue that runs it knows it when it is over. */
export interface RunAttempt {
  readonly job: ReadyJob;
  readonly claim: Claim;
}

/** What an attempt needs of the queue that runs it. */
export interface AttemptHost {
  readonly options: AttemptOptions;
  readonly shared: SharedCommit;
  readonly backlog: {
    forget(id: string): void;
    arrived(job: ReadyJob): void;
    recheckSoon(): void;
  };
  /** Adds the removal of a claim's marker. */
  dropMarker(tx: WriteSet, claim: Claim): void;
  /** The handler is done with; only its outcome remains to be stored. */
  performed(attempt: RunAttempt): void;
  /** The outcome could not be stored: the job is as it was before. */
  unsettled(attempt: RunAttempt): void;
  /** An attempt has ended and its outcome is durable, or was lost with the session. */
  ended(attempt: RunAttempt): void;
}
