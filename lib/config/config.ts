import { platformOf } from "./platform.ts";
import { type Values, type VariableName, VARIABLES } from "./variables.ts";

/** A value that stops the start; the message is one line that names the variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly variable: string, problem: string) {
    super(`${variable} ${problem}`);
  }
}

/** Where the log goes decides its default form. */
export interface LoadOptions {
  terminal?: boolean;
}

/**
 * The service's configuration from environment variables. A variable that is empty counts as
 * absent. Throws a ConfigError for the first value that cannot be used.
 */
export function loadConfig(env: Record<string, string>, options: LoadOptions = {}) {
  const platform = platformOf(env);
  const v = platform.files ? readValues(env) : onDenoDeploy(env);
  checkTogether(v);
  return {
    platform,
    /** Other processes may use the same database. */
    shared: v.KV_URL !== undefined || !platform.longRunning,
    port: v.PORT,
    host: v.HOST,
    publicUrl: v.PUBLIC_URL,
    demoUrl: v.DEMO_URL,
    trustProxy: v.TRUST_PROXY,
    corsOrigins: [...v.CORS_ORIGINS],
    dataDir: v.DATA_DIR,
    role: v.ROLE,
    shutdownMs: v.SHUTDOWN_SECONDS * 1000,
    log: {
      level: v.LOG_LEVEL,
      format: v.LOG_FORMAT ?? (options.terminal ? "pretty" as const : "json" as const),
      file: v.LOG_FILE,
      fileBytes: v.LOG_FILE_SIZE,
    },
    workQueues: [...v.WORK_QUEUES],
    auth: {
      adminToken: v.ADMIN_TOKEN,
      jwt: jwtConfig(v),
      oauth: oauthConfig(v),
      sessionIdleMs: v.SESSION_IDLE_MINUTES * 60_000,
      sessionMaxMs: v.SESSION_MAX_HOURS * 3_600_000,
      metricsOpen: v.METRICS_OPEN,
    },
    cache: {
      redisUrl: v.REDIS_URL,
      prefix: v.CACHE_PREFIX,
      memoryBytes: v.CACHE_MEMORY,
      ttlSeconds: v.CACHE_TTL_SECONDS,
    },
    kvUrl: v.KV_URL,
    ai: {
      baseUrl: v.AI_BASE_URL,
      apiKey: v.AI_API_KEY,
      model: v.AI_MODEL,
      timeoutMs: v.AI_TIMEOUT_SECONDS * 1000,
      tokensPerDay: v.AI_TOKENS_PER_DAY,
      prices: v.AI_PRICES,
      fallbacks: v.AI_FALLBACKS,
      dailyBudget: v.AI_DAILY_BUDGET,
      similarThreshold: v.AI_SIMILAR_THRESHOLD,
      signals: v.AI_SIGNALS,
    },
    handlers: v.HANDLERS,
    taskUrlAllow: [...v.TASK_URL_ALLOW],
    allowPrivateAddresses: v.ALLOW_PRIVATE_ADDRESSES,
    limits: {
      backlog: v.BACKLOG_LIMIT,
      diskReserveBytes: v.DISK_RESERVE,
      requestsPerSecond: v.RATE_LIMIT_PER_SECOND,
      requestBurst: v.RATE_LIMIT_BURST,
      signInFailuresPerMinute: v.SIGN_IN_FAILURES_PER_MINUTE,
      bodyBytes: v.BODY_LIMIT,
      bodyTimeoutMs: v.BODY_TIMEOUT_SECONDS * 1000,
      headerBytes: v.HEADER_LIMIT,
      streams: v.STREAM_LIMIT,
      streamsPerToken: v.STREAM_LIMIT_PER_TOKEN,
    },
    concurrency: {
      default: v.CONCURRENCY_DEFAULT,
      conversations: v.CONCURRENCY_CONVERSATIONS,
      analytics: v.CONCURRENCY_ANALYTICS,
      notifications: v.CONCURRENCY_NOTIFICATIONS,
      maintenance: v.CONCURRENCY_MAINTENANCE,
    },
    retention: {
      completedTasksMs: v.KEEP_COMPLETED_TASKS_HOURS * HOUR_MS,
      cancelledTasksMs: v.KEEP_CANCELLED_TASKS_HOURS * HOUR_MS,
      failedTasksMs: v.KEEP_FAILED_TASKS_DAYS * DAY_MS,
      archiveConversationsMs: v.ARCHIVE_CONVERSATIONS_DAYS * DAY_MS,
      deleteConversationsMs: v.DELETE_CONVERSATIONS_DAYS * DAY_MS,
      minuteHistoryMs: v.KEEP_MINUTE_HISTORY_HOURS * HOUR_MS,
      hourHistoryMs: v.KEEP_HOUR_HISTORY_DAYS * DAY_MS,
      healthReportsMs: v.KEEP_HEALTH_REPORTS_DAYS * DAY_MS,
      notificationsMs: v.KEEP_NOTIFICATIONS_DAYS * DAY_MS,
      auditMs: v.KEEP_AUDIT_DAYS * DAY_MS,
      backupsDaily: v.KEEP_BACKUPS_DAILY,
      backupsWeekly: v.KEEP_BACKUPS_WEEKLY,
    },
    backupBucket: backupBucket(v),
    alerts: {
      hitRate: v.ALERT_HIT_RATE,
      successRate: v.ALERT_SUCCESS_RATE,
      cpu: v.ALERT_CPU,
      memory: v.ALERT_MEMORY,
      disk: v.ALERT_DISK,
      backlogSeconds: v.ALERT_BACKLOG_SECONDS,
      deadLetters: v.ALERT_DEAD_LETTERS,
      emails: v.ALERT_EMAIL ?? [],
      emailSeverity: v.ALERT_EMAIL_SEVERITY,
      webhookSeverity: v.ALERT_WEBHOOK_SEVERITY,
      webhookUrl: v.ALERT_WEBHOOK_URL,
      heartbeatUrl: v.HEARTBEAT_URL,
    },
    reportEmails: v.REPORT_EMAIL ?? [],
    smtpUrl: v.SMTP_URL,
    mailFrom: v.MAIL_FROM,
    webhookSecret: v.WEBHOOK_SECRET,
    /** Values that must show in no log; hand them to the logger. */
    secrets: secretsOf(env),
  };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type Config = ReturnType<typeof loadConfig>;
/** Where backups are copied to. */
export type BucketConfig = NonNullable<Config["backupBucket"]>;

/** The process's environment; nothing else reads it. */
export function readEnv(): Record<string, string> {
  return Deno.env.toObject();
}

function readValues(env: Record<string, string>): Values {
  const values: Record<string, unknown> = {};
  for (const [name, { schema, fallback }] of Object.entries(VARIABLES)) {
    const text = Object.hasOwn(env, name) ? env[name]! : "";
    if (text.trim() === "") {
      values[name] = fallback;
      continue;
    }
    const result = schema.safeParse(text);
    if (!result.success) throw new ConfigError(name, result.error.issues[0]!.message);
    values[name] = result.data;
  }
  return values as Values;
}

/** How long Deno Deploy waits between its signal and the end, less what closing takes. */
const DEPLOY_SHUTDOWN_SECONDS = 3;

/** The values as Deno Deploy needs them: what stands on files is refused or left out. */
function onDenoDeploy(env: Record<string, string>): Values {
  const v = readValues({ HOST: "0.0.0.0", ...env });
  if (v.ADMIN_TOKEN === undefined) {
    throw new ConfigError("ADMIN_TOKEN", "must be set on Deno Deploy, where no file can keep one");
  }
  if (v.LOG_FILE) throw new ConfigError("LOG_FILE", "cannot be had on Deno Deploy; it keeps logs");
  if (v.BACKUP_S3_BUCKET) {
    throw new ConfigError("BACKUP_S3_BUCKET", "must be absent on Deno Deploy, which has no file");
  }
  if (v.ROLE !== "all") throw new ConfigError("ROLE", "must be all on Deno Deploy");
  if (v.WORK_QUEUES.length > 0) {
    throw new ConfigError("WORK_QUEUES", "must be absent on Deno Deploy, where each isolate works");
  }
  const seconds = Math.min(v.SHUTDOWN_SECONDS, DEPLOY_SHUTDOWN_SECONDS);
  return { ...v, DISK_RESERVE: 0, SHUTDOWN_SECONDS: seconds };
}

/** What no variable can decide alone. */
function checkTogether(v: Values): void {
  if (v.ROLE !== "all" && !v.KV_URL) {
    throw new ConfigError(
      "ROLE",
      `${v.ROLE} needs KV_URL, a database that several processes share; leave ROLE at all without it`,
    );
  }
  if (v.WORK_QUEUES.length > 0 && !v.KV_URL) {
    throw new ConfigError(
      "WORK_QUEUES",
      "needs KV_URL; alone on its database a process serves all",
    );
  }
  if (v.BACKUP_S3_BUCKET && v.KV_URL) {
    throw new ConfigError(
      "BACKUP_S3_BUCKET",
      "cannot stand beside KV_URL; a shared database is backed up where it lies",
    );
  }
  if (v.JWT_SECRET && v.JWT_JWKS_URL) {
    throw new ConfigError("JWT_JWKS_URL", "cannot stand beside JWT_SECRET; set one of them");
  }
  const symmetric = v.JWT_ALGORITHM === "hs256";
  if (v.JWT_ALGORITHM && ((v.JWT_SECRET && !symmetric) || (v.JWT_JWKS_URL && symmetric))) {
    throw new ConfigError(
      "JWT_ALGORITHM",
      "must be hs256 with JWT_SECRET and another one with JWT_JWKS_URL",
    );
  }
  if (v.AI_FALLBACKS.length > 0 && !v.AI_BASE_URL) {
    throw new ConfigError("AI_FALLBACKS", "needs AI_BASE_URL, the provider that is asked first");
  }
  for (const name of ["ALERT_EMAIL", "REPORT_EMAIL"] as const) {
    if (!v[name] || v.SMTP_URL) continue;
    throw new ConfigError(
      name,
      "needs SMTP_URL, the mail server; without it nothing would be sent",
    );
  }
  if (!v.BACKUP_S3_BUCKET) {
    const names = ["BACKUP_S3_ENDPOINT", "BACKUP_S3_KEY_ID", "BACKUP_S3_SECRET"] as const;
    const given = names.find((name) => v[name] !== undefined);
    if (given) throw new ConfigError("BACKUP_S3_BUCKET", `must be set when ${given} is`);
  }
  const prices = [v.AI_PRICES, ...v.AI_FALLBACKS.map((provider) => provider.prices ?? {})];
  if (v.AI_DAILY_BUDGET > 0 && v.AI_BASE_URL && prices.every((one) => isEmpty(one))) {
    throw new ConfigError("AI_DAILY_BUDGET", "needs AI_PRICES; what has no price costs nothing");
  }
  if (v.AI_BASE_URL && !v.AI_MODEL) {
    throw new ConfigError("AI_MODEL", "must name the model to ask when AI_BASE_URL is set");
  }
}

function oauthConfig(v: Values) {
  const { OAUTH_PROVIDER: provider, OAUTH_ISSUER: issuer } = v;
  if (!provider) return undefined;
  const needed = <T>(name: VariableName, value: T | undefined): T => {
    if (value !== undefined) return value;
    throw new ConfigError(name, `must be set when OAUTH_PROVIDER is ${provider}`);
  };
  if (provider === "google" && issuer) {
    throw new ConfigError("OAUTH_ISSUER", "cannot stand beside OAUTH_PROVIDER=google");
  }
  if (provider === "oidc") needed("OAUTH_ISSUER", issuer);
  if (issuer && !/^(https:|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$))/i.test(issuer)) {
    throw new ConfigError("OAUTH_ISSUER", "must begin with https:// unless it is this machine");
  }
  return {
    provider,
    issuer,
    clientId: needed("OAUTH_CLIENT_ID", v.OAUTH_CLIENT_ID),
    clientSecret: needed("OAUTH_CLIENT_SECRET", v.OAUTH_CLIENT_SECRET),
    allow: needed("OAUTH_ALLOW", v.OAUTH_ALLOW.length > 0 ? [...v.OAUTH_ALLOW] : undefined),
    publicUrl: needed("PUBLIC_URL", v.PUBLIC_URL),
  };
}

function backupBucket(v: Values) {
  const { BACKUP_S3_BUCKET: bucket } = v;
  if (bucket === undefined) return undefined;
  const needed = (name: VariableName, value: string | undefined): string => {
    if (value !== undefined) return value;
    throw new ConfigError(name, "must be set when BACKUP_S3_BUCKET is");
  };
  const endpoint = needed("BACKUP_S3_ENDPOINT", v.BACKUP_S3_ENDPOINT);
  const { username, password, search } = new URL(endpoint);
  if (username || password || search) {
    throw new ConfigError(
      "BACKUP_S3_ENDPOINT",
      "must be an address alone; the key goes into BACKUP_S3_KEY_ID and BACKUP_S3_SECRET",
    );
  }
  return {
    endpoint,
    bucket,
    prefix: v.BACKUP_S3_PREFIX,
    region: v.BACKUP_S3_REGION,
    keyId: needed("BACKUP_S3_KEY_ID", v.BACKUP_S3_KEY_ID),
    secret: needed("BACKUP_S3_SECRET", v.BACKUP_S3_SECRET),
    pathStyle: v.BACKUP_S3_PATH_STYLE,
  };
}

function jwtConfig(v: Values) {
  const key = v.JWT_SECRET
    ? { secret: v.JWT_SECRET }
    : v.JWT_JWKS_URL
    ? { jwksUrl: v.JWT_JWKS_URL }
    : undefined;
  if (!key) return undefined;
  const algorithm = v.JWT_ALGORITHM ?? (v.JWT_SECRET ? "hs256" : "rs256");
  return {
    ...key,
    algorithm: algorithm === "eddsa" ? "EdDSA" : algorithm.toUpperCase(),
    issuer: v.JWT_ISSUER,
    audience: v.JWT_AUDIENCE,
    clockSkewSeconds: v.JWT_CLOCK_SKEW_SECONDS,
    defaultRole: v.JWT_DEFAULT_ROLE,
  };
}

function secretsOf(env: Record<string, string>): string[] {
  const found = new Set<string>();
  // The runtime itself reads this one for KV Connect.
  if (env["DENO_KV_ACCESS_TOKEN"]) found.add(env["DENO_KV_ACCESS_TOKEN"]);
  for (const [name, { secret }] of Object.entries(VARIABLES)) {
    const value = Object.hasOwn(env, name) ? env[name]!.trim() : "";
    if (!secret || value === "") continue;
    if (name === "REDIS_URL" || name === "SMTP_URL") {
      const url = URL.parse(value);
      for (const password of [url?.password, url?.searchParams.get("sentinel_password")]) {
        if (password) found.add(password).add(decoded(password));
      }
    } else if (name === "AI_FALLBACKS") {
      for (const { apiKey } of JSON.parse(value) as { apiKey?: string }[]) {
        if (apiKey) found.add(apiKey);
      }
    } else if (name === "WEBHOOK_SECRET") {
      for (const one of value.split(/[\s,]+/)) found.add(one);
    } else {
      found.add(value);
      // Errors name an address as the runtime writes it.
      if (/^https?:/i.test(value)) found.add(URL.parse(value)?.href ?? value);
    }
  }
  return [...found];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The variables as rows for the README: name, default as written there, meaning. */
export function configurationTable(): { name: VariableName; fallback: string; about: string }[] {
  return Object.entries(VARIABLES).map(([name, { fallback, about }]) => ({
    name: name as VariableName,
    fallback: isEmpty(fallback) ? "" : String(fallback),
    about,
  }));
}

/** Nothing, an empty list or a record of nothing: what the README shows as no default. */
const isEmpty = (fallback: unknown): boolean =>
  fallback === undefined ||
  (typeof fallback === "object" && Object.keys(fallback ?? {}).length === 0);
