import { z } from "zod";

const id = z.string().min(1).max(200).regex(/^[^\p{Cc}]*$/u, "must not have control characters")
  // Two broken ids would be one key in the database.
  .refine((text) => text.isWellFormed(), "must not have half a surrogate pair");
const text = z.string().overwrite((text) => text.toWellFormed());
/** Of the years that reports can show; kept in UTC. */
const instant = z.iso.datetime({
  offset: true,
  error: "must be an instant such as 2026-01-31T09:30:00Z or 2026-01-31T15:15:00+05:45",
}).refine((at) => isShown(Date.parse(at)), "must lie between 1970-01-01 and 2999-12-31")
  .overwrite((at) =>
    at.endsWith("Z") || !isShown(Date.parse(at)) ? at : new Date(at).toISOString()
  );

const isShown = (at: number) => at >= 0 && at < Date.UTC(3000, 0);

/** One finished conversation, a line of an import. */
export const importLineSchema = z.object({
  conversation_id: id,
  user_id: id,
  bot_id: id,
  bot_name: text.max(200).transform((name) => name.trim() || undefined).optional(),
  status: z.enum(["completed", "failed"]),
  satisfaction_score: z.number().min(1).max(5).nullish(),
  messages: z.array(z.object({
    role: z.enum(["user", "assistant"]),
    content: text,
    at: instant,
  })).min(1).max(10_000).refine(
    (messages) => messages.some((m) => m.role === "user"),
    "has no message of the user",
  ),
});
export type ImportLine = z.infer<typeof importLineSchema>;

/** The line as a conversation, or what is wrong with it. */
export function parseLine(text: string): ImportLine | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  if (isPlain(value)) return value;
  const parsed = importLineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  return `${issue.path.join(".") || "line"}: ${issue.message}`;
}

const PLAIN_ID = /^[\x20-\x7e]{1,200}$/;
const PLAIN_NAME = /^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/;
/** Days from the 29th on are left to the schema, which knows the months. */
const PLAIN_INSTANT =
  /^(?:19[7-9]\d|2\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

/**
 * Whether the value fits the schema in the plainest way, which is a dozen times as fast to tell as
 * asking the schema. What is not plain may still fit.
 */
function isPlain(value: unknown): value is ImportLine {
  const line = value as ImportLine | null;
  if (typeof line !== "object" || line === null || !Array.isArray(line.messages)) return false;
  const { conversation_id, user_id, bot_id, bot_name, status, satisfaction_score: score } = line;
  for (const id of [conversation_id, user_id, bot_id]) {
    if (typeof id !== "string" || !PLAIN_ID.test(id)) return false;
  }
  if (bot_name !== undefined && !(typeof bot_name === "string" && PLAIN_NAME.test(bot_name))) {
    return false;
  }
  if (status !== "completed" && status !== "failed") return false;
  const scored = typeof score === "number" && score >= 1 && score <= 5;
  if (!scored && score !== null && score !== undefined) return false;
  if (line.messages.length > 10_000) return false;
  let asked = false;
  for (const message of line.messages) {
    if (typeof message !== "object" || message === null) return false;
    const { role, content, at } = message;
    if (role !== "user" && role !== "assistant") return false;
    if (typeof content !== "string" || !content.isWellFormed()) return false;
    if (typeof at !== "string" || !PLAIN_INSTANT.test(at)) return false;
    // Fields that nobody knows are not stored.
    for (const field in message) {
      if (field !== "role" && field !== "content" && field !== "at") return false;
    }
    asked ||= role === "user";
  }
  return asked;
}
