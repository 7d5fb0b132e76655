import { z } from "@hono/zod-openapi";
import { withinCharacters } from "../characters.ts";
import { WRONG_CURSOR } from "../cursor.ts";

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const NO_CONTROL = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/** Shown instead of message text, arguments, results and cache values to who may not read them. */
export const HIDDEN = "[hidden]";

/** Whether a text may name anything: 1–200 characters, no control character among them. */
export function isId(text: string): boolean {
  return text !== "" && withinCharacters(text, 200) && !CONTROL.test(text) && text.isWellFormed();
}

/** An id or a cache key. */
export const Id = z.string().refine(isId, {
  error: "must have 1 to 200 characters and no control character",
}).openapi({ minLength: 1, maxLength: 200, pattern: NO_CONTROL });

/** Free text; a broken surrogate becomes U+FFFD, since no database could give it back. */
export const words = (min: number, max: number) =>
  z.string().min(min).refine((text) => withinCharacters(text, max), {
    error: `must have at most ${max} characters`,
  }).overwrite((text) => text.toWellFormed()).openapi({ minLength: min, maxLength: max });

/** Where something is sent to. */
export const WebAddress = z.url({
  protocol: /^https?$/,
  error: "must be an http or https address",
}).max(2_048, "must have at most 2,048 characters"); // without words it would have those above

/** An instant in answers: UTC, ISO 8601 with `Z`. */
export const Instant = z.string().openapi({
  format: "date-time",
  example: "2026-01-31T09:30:00.000Z",
});

/** An instant in requests, of any zone. */
export const GivenInstant = z.iso.datetime({
  offset: true,
  error: "must be an instant such as 2026-01-31T09:30:00Z",
}).openapi({
  format: "date-time",
  pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:\\d\\d)$",
});

/** A calendar day in UTC. */
export const Day = z.iso.date({ error: "must be a date such as 2026-01-31" }).refine(
  (day) => day >= "1970-01-01" && day <= "2999-12-31",
  { error: "must lie between 1970-01-01 and 2999-12-31" },
).openapi({
  format: "date",
  pattern: "^(19[7-9]\\d|2\\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$",
  example: "2026-01-31",
});

/** A percentage from 0 to 100. */
export const Percent = z.number().openapi({ minimum: 0, maximum: 100 });

export const Count = z.int().openapi({ minimum: 0 });

/** A page's size from a query. */
export const pageSize = (most: number, usual: number) =>
  z.string().regex(/^\d{1,4}$/, `must be a whole number from 1 to ${most}`).transform(Number)
    .refine((n) => n >= 1 && n <= most, `must be a whole number from 1 to ${most}`)
    .default(usual).openapi({
      type: "integer",
      minimum: 1,
      maximum: most,
      default: usual as never,
      pattern: undefined,
    });

const MAX_CURSOR = 1_000;
/** An opaque position in a list, as an earlier page gave it. */
export const Cursor = z.string().min(1).max(MAX_CURSOR);

/** A cursor of one list, which looks as that list's do. */
export const cursorLike = (shape: RegExp) => Cursor.regex(shape, WRONG_CURSOR);

/** The cursor of a list by names as an answer tells it: `nameCursor` gives the name back. */
export const markedCursor = (mark: string, name: string): string => `${mark}~${name}`;

/** The cursor of a list by names, which may be any text: marked, so that no other passes for it. */
export function nameCursor(mark: string) {
  const pattern = `^${mark}~[\\s\\S]`;
  return cursorLike(new RegExp(pattern)).transform((text) => text.slice(mark.length + 1))
    .openapi({ type: "string", minLength: 1, maxLength: MAX_CURSOR, pattern });
}

/** The priority's word on the wire. */
export const PriorityWord = z.enum(["low", "normal", "high"]);
export type PriorityWord = z.infer<typeof PriorityWord>;

const NUMBER_OF: Record<PriorityWord, number> = { high: 1, normal: 5, low: 9 };

/** The engine's number of a priority's word. */
export function priorityNumber(word: PriorityWord): number {
  return NUMBER_OF[word];
}

/** The word nearest to a priority from 0 (first) to 9 (last). */
export function priorityWord(priority: number): PriorityWord {
  return priority <= 3 ? "high" : priority <= 6 ? "normal" : "low";
}
