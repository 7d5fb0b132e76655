/** What a command sees of the world around it, so that tests can look at all it does. */
export interface CliContext {
  /** Environment variables. */
  env: Record<string, string | undefined>;
  /** Where answers go. */
  out(text: string): void;
  /** Where progress, warnings and errors go. */
  err(text: string): void;
  /** Whether a person looks at standard output, and at standard error. */
  outIsTerminal: boolean;
  errIsTerminal: boolean;
  /** Width of the terminal in characters. */
  columns: number;
  /** Aborts when the user asks to stop. */
  signal: AbortSignal;
}

/** An expected failure: its message is all that a person needs to see, and the exit code is its own. */
export class CliError extends Error {
  override readonly name = "CliError";
  constructor(message: string, readonly exitCode = 1, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Exit code for a command line that cannot be understood. */
export const USAGE_ERROR = 2;
/** Exit code where the service cannot be reached. */
export const SERVICE_DOWN = 2;
/** Exit code after Ctrl-C, as shells expect it. */
export const INTERRUPTED = 130;

/** Prints `value` as JSON, indented for people. */
export function printJson(context: CliContext, value: unknown): void {
  context.out(JSON.stringify(value, null, context.outIsTerminal ? 2 : undefined) + "\n");
}
