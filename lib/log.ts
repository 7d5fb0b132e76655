/** Structured logging: one JSON object a line, or a short coloured line on a terminal. */
export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Record<string, unknown>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}

export interface LogOptions {
  level: LogLevel;
  format: "json" | "pretty";
  /** Values that must never appear, such as configured tokens; replaced by `[secret]`. */
  secrets?: string[];
  write?: (line: string) => void;
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLOUR: Record<LogLevel, string> = {
  debug: "\x1b[90m",
  info: "\x1b[36m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};
const encoder = new TextEncoder();

/** Creates the process's logger. Lines go to stderr, so that stdout stays for what a user asked for. */
export function createLogger(options: LogOptions): Logger {
  const write = options.write ?? ((line) => {
    Deno.stderr.writeSync(encoder.encode(line + "\n"));
  });
  // Within JSON a quotation mark, for one, is written otherwise.
  const secrets = (options.secrets ?? []).filter((s) => s.length >= 4)
    .flatMap((s) => [s, JSON.stringify(s).slice(1, -1)]);

  const emit = (level: LogLevel, bound: LogFields, message: string, fields: LogFields = {}) => {
    if (RANK[level] < RANK[options.level]) return;
    const all = { ...bound, ...fields };
    let line = options.format === "json"
      ? JSON.stringify({ at: new Date().toISOString(), level, message, ...all }, replacer)
      : pretty(new Date(), level, message, all);
    for (const secret of secrets) line = line.replaceAll(secret, "[secret]");
    write(line);
  };

  const make = (bound: LogFields): Logger => ({
    debug: (message, fields) => emit("debug", bound, message, fields),
    info: (message, fields) => emit("info", bound, message, fields),
    warn: (message, fields) => emit("warn", bound, message, fields),
    error: (message, fields) => emit("error", bound, message, fields),
    with: (fields) => make({ ...bound, ...fields }),
  });
  return make({});
}

/** A logger that writes nothing, for tests and embedding. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};

function replacer(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    return { name: value.name, message: value.message, stack: value.stack?.slice(0, 4_000) };
  }
  return typeof value === "bigint" ? value.toString() : value;
}

function pretty(at: Date, level: LogLevel, message: string, fields: LogFields): string {
  const time = at.toISOString().slice(11, 23);
  const rest = Object.entries(fields).map(([key, value]) => {
    const shown = value instanceof Error
      ? value.stack ?? value.message
      : typeof value === "string"
      ? value
      : JSON.stringify(value, replacer);
    return ` \x1b[90m${key}=\x1b[0m${shown}`;
  }).join("");
  return `\x1b[90m${time}\x1b[0m ${COLOUR[level]}${level.padEnd(5)}\x1b[0m ${message}${rest}`;
}
