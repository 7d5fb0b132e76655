import type { z } from "@hono/zod-openapi";
import { AppError, type InputIssue } from "../../lib/errors.ts";

/** Where an input came from; it begins the sentence that says what is wrong. */
export type InputPart = "body" | "query" | "path";

const MAX_ISSUES = 100;

/** What a schema makes of an input; AppError `invalid` with every wrong field when it does not fit. */
export function validated<S extends z.ZodType>(
  schema: S,
  value: unknown,
  part: InputPart,
): z.output<S> {
  const result = schema.safeParse(value, { error: missing });
  if (result.success) return result.data;
  throw new AppError("invalid", `The ${part} does not fit: ${summary(result.error)}`, {
    issues: issuesOf(result.error),
  });
}

/** Of what is not there it is said that it must be, not which type nothing has. */
const missing = ({ code, input }: { code?: string; input?: unknown }): string | undefined =>
  code === "invalid_type" && input === undefined ? "is required" : undefined;

function issuesOf(error: z.ZodError): InputIssue[] {
  return error.issues.slice(0, MAX_ISSUES).map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
}

function summary(error: z.ZodError): string {
  const [first] = error.issues;
  const path = first!.path.map(String).join(".");
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : "";
  return `${path === "" ? "" : path + ": "}${first!.message}${more}`;
}

/** A query as an object; a name that was given more than once holds all its values. */
export function queryOf(url: string): Record<string, string | string[]> {
  const start = url.indexOf("?");
  const found: Record<string, string | string[]> = Object.create(null);
  if (start === -1) return found;
  const end = url.indexOf("#", start);
  const search = url.slice(start + 1, end === -1 ? undefined : end);
  for (const [name, value] of new URLSearchParams(search)) {
    const before = found[name];
    if (before === undefined) found[name] = value;
    else if (typeof before === "string") found[name] = [before, value];
    else before.push(value);
  }
  return found;
}
