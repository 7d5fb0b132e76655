/** What the tests ask of one worker process. */
export interface WorkerOrder {
  path: string;
  worker: string;
  /** Jobs that shall exist in the end, numbered from 0, follow-ups not counted. */
  jobs: number;
  /** Only jobs of this kind instead of the usual mixture. */
  only?: "work" | "slow" | "exits" | "endless";
  slowMs?: number;
  paddingBytes?: number;
  concurrency?: number;
  graceMs?: number;
  /** Set where several workers share the file: how long a silent one keeps its queue. */
  leaseMs?: number;
  /** Where to die, and how often to come by there unharmed. */
  failpoint?: string;
  skip?: number;
}

/** Job number → id; written in the atomic that makes the job. */
export const madeKey = (n: number): Deno.KvKey => ["made", n];
/** Job number → how often it took effect. */
export const doneKey = (n: number): Deno.KvKey => ["done", n];
