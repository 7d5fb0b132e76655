import { z } from "zod";
import {
  address,
  bytes,
  decimal,
  emails,
  flag,
  json,
  list,
  matching,
  text,
  whole,
  word,
} from "./fields.ts";
import { fallbackProviders, priceTable } from "./prices.ts";

/** Of the two minutes that an attempt at a turn has, so much may pass in waiting for models. */
export const MAX_AI_SECONDS = 110;

/** One environment variable: how it is read, what it means, what holds when it is absent. */
export interface Variable<S extends z.ZodType = z.ZodType, D = unknown> {
  schema: S;
  about: string;
  fallback: D;
  /** Its value (of an address, the password in it) must show in no log. */
  secret: boolean;
}

function variable<S extends z.ZodType>(schema: S, about: string): Variable<S, undefined>;
function variable<S extends z.ZodType>(
  schema: S,
  about: string,
  fallback: z.output<S>,
): Variable<S, z.output<S>>;
function variable(schema: z.ZodType, about: string, fallback?: unknown): Variable {
  return { schema, about, fallback, secret: false };
}

const secret = <S extends z.ZodType>(schema: S, about: string): Variable<S, undefined> => ({
  schema,
  about,
  fallback: undefined,
  secret: true,
});

const HOST_LIST = /^(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?(:\d{1,5})?$|^\[[0-9a-f:]+\]$/i;
const concurrency = (fallback: number) =>
  variable(whole(1, 1_000), "jobs that run at the same time in this queue", fallback);

/** Every environment variable that the service reads; the README's table is made from it. */
export const VARIABLES = {
  PORT: variable(whole(0, 65_535), "port to serve on, 0 = any free one", 8002),
  HOST: variable(
    matching(/^[a-z0-9_.:-]{1,253}$/i, "must be a host name or an IP address"),
    "address to serve on",
    "127.0.0.1",
  ),
  PUBLIC_URL: variable(address("http", "https"), "address that people use, behind a proxy"),
  DEMO_URL: variable(
    address("http"),
    "page that breaks this service, where the demo started it; the Overview leads there",
  ),
  TRUST_PROXY: variable(whole(0, 10), "proxies in front whose X-Forwarded-* counts", 0),
  CORS_ORIGINS: variable(
    list(/^https?:\/\/[a-z0-9_.:[\]-]+$/i, "must be origins such as https://a.example"),
    "origins that may call the API from a browser",
    [],
  ),
  DATA_DIR: variable(text(1, 1_000), "folder of the database and its companions", "./data"),
  LOG_LEVEL: variable(word("debug", "info", "warn", "error"), "least level that is logged", "info"),
  LOG_FORMAT: variable(word("json", "pretty"), "pretty on a terminal, otherwise json"),
  LOG_FILE: variable(
    text(1, 1_000),
    "file that the log goes to instead of standard error, turned over as it grows",
  ),
  LOG_FILE_SIZE: variable(
    bytes(1),
    "size at which the log file is turned over; five full ones are kept",
    10 * 1_024 ** 2,
  ),
  WORK_QUEUES: variable(
    list(/^[a-z][a-z0-9_]{0,31}$/, "must be names of queues"),
    "queues that this process works off, with `KV_URL`; all when absent",
    [],
  ),
  ROLE: variable(word("all", "web", "worker", "scheduler"), "what this process does", "all"),
  SHUTDOWN_SECONDS: variable(whole(1, 300), "longest wait for running work at shutdown", 25),

  ADMIN_TOKEN: secret(
    matching(/^[\x21-\x7e]{16,256}$/, "must have 16 to 256 visible ASCII characters"),
    "bootstrap admin token; one is made when absent",
  ),
  JWT_SECRET: secret(text(1, 4_096), "secret of the platform's own HS256 tokens"),
  JWT_JWKS_URL: variable(address("https", "http"), "public keys of the platform's own tokens"),
  JWT_ALGORITHM: variable(
    word("hs256", "rs256", "es256", "ps256", "eddsa"),
    "the one algorithm accepted; HS256 with a secret, RS256 with a key address",
  ),
  JWT_ISSUER: variable(text(1, 1_000), "`iss` that a token must carry"),
  JWT_AUDIENCE: variable(text(1, 1_000), "`aud` that a token must carry"),
  JWT_CLOCK_SKEW_SECONDS: variable(whole(0, 300), "tolerance for `exp` and `nbf`", 5),
  JWT_DEFAULT_ROLE: variable(
    word("viewer", "operator", "admin"),
    "role of a platform token without a `role` claim",
    "viewer",
  ),
  OAUTH_PROVIDER: variable(
    word("github", "google", "oidc"),
    "who people may sign in to the dashboard with; needs PUBLIC_URL and the four below",
  ),
  OAUTH_ISSUER: variable(
    address("https", "http"),
    "address of the OIDC issuer, or of a GitHub server of your own",
  ),
  OAUTH_CLIENT_ID: variable(text(1, 500), "what the provider knows this service by"),
  OAUTH_CLIENT_SECRET: secret(text(1, 4_096), "its secret there"),
  OAUTH_ALLOW: variable(
    list(
      /^(org:[^\s=,@]{1,100}|[^\s=,@]{0,64}@[a-z0-9.-]{1,253})=(viewer|operator|admin)$/i,
      "must be rules such as ann@a.example=admin,@a.example=viewer,org:acme=operator",
    ),
    "who may sign in, and as what: e-mail, domain or organisation",
    [],
  ),
  SESSION_IDLE_MINUTES: variable(whole(1, 43_200), "a dashboard session ends unused", 720),
  SESSION_MAX_HOURS: variable(whole(1, 8_760), "a dashboard session ends anyway", 168),
  METRICS_OPEN: variable(flag(), "serve /metrics without a token", false),

  REDIS_URL: secret(
    address(
      "redis",
      "rediss",
      "redis+sentinel",
      "rediss+sentinel",
      "redis+cluster",
      "rediss+cluster",
    ),
    "Redis for the cache (also redis+sentinel://, redis+cluster://); embedded when absent",
  ),
  CACHE_PREFIX: variable(
    matching(/^[A-Za-z0-9_.-]{1,40}$/, "must have 1 to 40 characters of A-Z a-z 0-9 _ . -"),
    "first part of every cache key",
    "pixel_ai",
  ),
  CACHE_MEMORY: variable(bytes(1), "memory of the in-process cache", 64 * 1024 ** 2),
  CACHE_TTL_SECONDS: variable(whole(1, 86_400), "life of a cache entry", 3_600),
  KV_URL: variable(address("https", "http"), "KV Connect server; a file in DATA_DIR when absent"),

  AI_BASE_URL: variable(address("http", "https"), "OpenAI-compatible API; embedded when absent"),
  AI_API_KEY: secret(text(1, 4_096), "its key"),
  AI_MODEL: variable(text(1, 200), "model to ask"),
  AI_TOKENS_PER_DAY: variable(whole(0, 1e12), "tokens a day above which it alerts", 0),
  AI_TIMEOUT_SECONDS: variable(whole(1, MAX_AI_SECONDS), "longest wait for the model, ≤ 110", 60),
  AI_PRICES: variable(
    json(
      priceTable,
      'must be JSON such as {"gpt": {"input": 2.5, "output": 10}}; instead of a price there may ' +
        'be a list of them, each but the first with a "from" of its own, such as "2026-07-01"',
    ),
    "price of a million tokens by model, `*` = any other; a list with `from` where it changes",
    {},
  ),
  AI_FALLBACKS: {
    ...variable(
      json(
        fallbackProviders,
        'must be a JSON list such as [{"baseUrl": "https://host/v1", "apiKey": "…", "model": ' +
          '"m"}], each perhaps with "prices" as in AI_PRICES; at most 5',
      ),
      "JSON list of `{baseUrl, apiKey, model, prices}`, asked in turn where a provider fails",
      [],
    ),
    secret: true,
  },
  AI_DAILY_BUDGET: variable(
    decimal(0, 1e9),
    "what one bot may cost a day by AI_PRICES; then the embedded responder answers; 0 = no limit",
    0,
  ),
  AI_SIMILAR_THRESHOLD: variable(
    decimal(0.5, 1),
    "similarity from which a model's cached reply answers another question; never when absent",
  ),
  AI_SIGNALS: variable(
    flag(),
    "guess language and sentiment of what the embedded responder is asked; some 80 MB of memory",
    false,
  ),
  HANDLERS: variable(text(1, 1_000), "module with job definitions of your own"),
  TASK_URL_ALLOW: variable(
    list(HOST_LIST, "must be host names divided by commas, such as api.example.com,*.example.org"),
    "hosts that tasks may call by URL",
    [],
  ),
  ALLOW_PRIVATE_ADDRESSES: variable(
    flag(),
    "let addresses that come in over the API reach private networks",
    false,
  ),

  BACKLOG_LIMIT: variable(whole(0, 1e9), "waiting tasks above which 503 is answered", 2_000_000),
  DISK_RESERVE: variable(bytes(), "free disk below which 503 is answered", 1024 ** 3),
  RATE_LIMIT_PER_SECOND: variable(whole(0, 1e7), "requests a second for one token", 2_000),
  RATE_LIMIT_BURST: variable(whole(1, 1e7), "requests at once for one token", 10_000),
  SIGN_IN_FAILURES_PER_MINUTE: variable(whole(0, 1e6), "failed sign-ins from one address", 1_000),
  BODY_LIMIT: variable(bytes(), "longest request body", 1024 ** 2),
  BODY_TIMEOUT_SECONDS: variable(whole(0, 3_600), "longest time a request body may take", 10),
  HEADER_LIMIT: variable(bytes(), "longest request line and headers together", 32 * 1024),
  STREAM_LIMIT: variable(whole(0, 1e5), "event streams open at once", 1_000),
  STREAM_LIMIT_PER_TOKEN: variable(whole(0, 1e5), "event streams that one token has open", 500),

  CONCURRENCY_DEFAULT: concurrency(10),
  CONCURRENCY_CONVERSATIONS: concurrency(50),
  CONCURRENCY_ANALYTICS: concurrency(2),
  CONCURRENCY_NOTIFICATIONS: concurrency(5),
  CONCURRENCY_MAINTENANCE: concurrency(2),

  KEEP_COMPLETED_TASKS_HOURS: variable(whole(1, 8_760), "then they are forgotten", 24),
  KEEP_CANCELLED_TASKS_HOURS: variable(whole(1, 8_760), "then they are forgotten", 24),
  KEEP_FAILED_TASKS_DAYS: variable(whole(1, 3_650), "then they are forgotten", 30),
  ARCHIVE_CONVERSATIONS_DAYS: variable(whole(1, 36_500), "then out of the hot keys", 90),
  DELETE_CONVERSATIONS_DAYS: variable(whole(1, 36_500), "then deleted; rollups stay", 365),
  KEEP_MINUTE_HISTORY_HOURS: variable(whole(1, 8_760), "health per minute", 48),
  KEEP_HOUR_HISTORY_DAYS: variable(whole(1, 36_500), "health per hour", 400),
  KEEP_HEALTH_REPORTS_DAYS: variable(whole(1, 36_500), "health reports", 400),
  KEEP_NOTIFICATIONS_DAYS: variable(whole(1, 3_650), "log of what was sent outside", 30),
  KEEP_AUDIT_DAYS: variable(whole(1, 36_500), "audit log", 400),
  KEEP_BACKUPS_DAILY: variable(whole(1, 1_000), "daily backups", 7),
  KEEP_BACKUPS_WEEKLY: variable(whole(0, 1_000), "weekly backups", 4),

  BACKUP_S3_ENDPOINT: variable(
    address("https", "http"),
    "S3-compatible storage that backups are copied to, such as https://s3.example.com",
  ),
  BACKUP_S3_BUCKET: variable(
    matching(
      /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/,
      "must be the name of a bucket: 3 to 63 characters of A-Z a-z 0-9 . _ -",
    ),
    "bucket there; backups stay on the disk alone when absent",
  ),
  BACKUP_S3_PREFIX: variable(
    matching(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,9}$/,
      "must be names of A-Z a-z 0-9 . _ - divided by /",
    ),
    "folder in the bucket, one for each service",
    "pixel-performance",
  ),
  BACKUP_S3_REGION: variable(
    matching(/^[A-Za-z0-9-]{1,64}$/, "must have 1 to 64 characters of A-Z a-z 0-9 -"),
    "region that requests are signed for",
    "us-east-1",
  ),
  BACKUP_S3_KEY_ID: secret(text(1, 500), "access key id; may read, write, list and delete there"),
  BACKUP_S3_SECRET: secret(text(1, 4_096), "its secret"),
  BACKUP_S3_PATH_STYLE: variable(
    flag(),
    "the bucket stands in the path; `false` = in the host name",
    true,
  ),

  ALERT_HIT_RATE: variable(decimal(0, 100), "cache hit rate below which it alerts", 80),
  ALERT_SUCCESS_RATE: variable(decimal(0, 100), "success rate below which it alerts", 95),
  ALERT_CPU: variable(decimal(0, 100), "CPU percentage above which it alerts", 80),
  ALERT_MEMORY: variable(decimal(0, 100), "memory percentage above which it alerts", 85),
  ALERT_DISK: variable(decimal(0, 100), "disk percentage above which it alerts", 90),
  ALERT_BACKLOG_SECONDS: variable(whole(1, 1e6), "age of the oldest waiting task", 300),
  ALERT_DEAD_LETTERS: variable(whole(0, 1e9), "failed tasks above which it alerts", 100),
  ALERT_EMAIL: variable(emails(20), "for alerts; several divided by commas"),
  ALERT_EMAIL_SEVERITY: variable(
    word("warning", "critical"),
    "least severity sent by e-mail",
    "warning",
  ),
  ALERT_WEBHOOK_SEVERITY: variable(
    word("warning", "critical"),
    "least severity sent to the webhook",
    "warning",
  ),
  REPORT_EMAIL: variable(
    emails(20),
    "for the daily summary and the weekly report; several divided by commas",
  ),
  ALERT_WEBHOOK_URL: secret(address("https", "http"), "address that alerts are sent to"),
  HEARTBEAT_URL: secret(address("https", "http"), "called each minute while healthy"),
  SMTP_URL: secret(address("smtp", "smtps"), "mail server"),
  MAIL_FROM: variable(text(3, 320), "sender of mail", "Pixel Performance <pixel@localhost>"),
  WEBHOOK_SECRET: secret(
    matching(
      /^whsec_[A-Za-z0-9+/]{32,}={0,2}(?:[\s,]+whsec_[A-Za-z0-9+/]{32,}={0,2})*$/,
      "must be whsec_ and base64 of 24 or more bytes; several with a comma between them",
    ),
    "signs callbacks and webhooks, with each where there are several; one is made when absent",
  ),
} as const;

export type VariableName = keyof typeof VARIABLES;

type Read<V> = V extends Variable<infer S, infer D>
  ? z.output<S> | (undefined extends D ? undefined : never)
  : never;

/** The values of all variables, defaults filled in. */
export type Values = { [K in VariableName]: Read<(typeof VARIABLES)[K]> };
