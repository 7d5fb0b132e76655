/** What the place where the service runs can do. */
export interface Platform {
  readonly name: "server" | "deno_deploy";
  /** Files stay where they are written: the database, backups, trained bots, logs. */
  readonly files: boolean;
  /** KV carries queue messages. */
  readonly doorbells: boolean;
  /** Web Workers can be started. */
  readonly threads: boolean;
  /** The process goes on between requests; where it does not, work is done in ticks. */
  readonly longRunning: boolean;
}

/** A machine or container of one's own. */
export const SERVER: Platform = {
  name: "server",
  files: true,
  doorbells: true,
  threads: true,
  longRunning: true,
};

/** Deno Deploy: KV and cron, several isolates that come and go, and nothing that stays on a disk. */
export const DENO_DEPLOY: Platform = {
  name: "deno_deploy",
  files: false,
  doorbells: false,
  threads: false,
  longRunning: false,
};

/** Deno Deploy names every deployment in this variable, which nobody else can set there. */
const DEPLOYMENT = "DENO_DEPLOYMENT_ID";

/** The platform that this environment is of. */
export function platformOf(env: Record<string, string>): Platform {
  return env[DEPLOYMENT] ? DENO_DEPLOY : SERVER;
}
