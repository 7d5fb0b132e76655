import type { TaskQuery } from "../../lib/wire/tasks.ts";
import { TASK_STATUS } from "./words.ts";

/** What one may write before a colon, and the query that it becomes. */
const FIELDS = { queue: "queue", status: "status", name: "name", bot: "bot" } as const;
type Field = keyof typeof FIELDS;

export interface FilterChoices {
  queues: string[];
  names: string[];
  bots: string[];
}

const TERM = /(\w+):(?:"([^"]*)"|(\S+))|"([^"]*)"|(\S+)/g;

/**
 * "queue:conversations status:failed bot:x late" as a query. Words without a field are searched
 * for; `bot:` is, too, since what a task was given names its bot.
 */
export function parseFilter(text: string): TaskQuery {
  const query: TaskQuery = {};
  const words: string[] = [];
  for (const [whole, field, quoted, plain, phrase] of text.matchAll(TERM)) {
    const value = quoted ?? plain ?? "";
    if (field === "queue" || field === "name") query[field] = value;
    else if (field === "status" && Object.hasOwn(TASK_STATUS, value)) {
      query.status = value as TaskQuery["status"];
    } else if (field === "bot") words.push(botText(value));
    else words.push(phrase ?? whole);
  }
  if (words.length > 0) query.q = words.join(" ");
  return query;
}

/** How a bot stands in what its tasks were given. */
const botText = (botId: string): string => `"bot_id":${JSON.stringify(botId)}`;
const BOT = /"bot_id":("(?:[^"\\]|\\.)*")/;

/** A query as one writes it. */
export function filterText({ queue, status, name, q }: TaskQuery): string {
  const terms: string[] = [];
  if (queue) terms.push(`queue:${quoted(queue)}`);
  if (status) terms.push(`status:${status}`);
  if (name) terms.push(`name:${quoted(name)}`);
  const bot = q ? BOT.exec(q) : null;
  if (bot) terms.push(`bot:${quoted(JSON.parse(bot[1]!))}`);
  const rest = q?.replace(BOT, "").trim();
  if (rest) terms.push(rest);
  return terms.join(" ");
}

const quoted = (value: string): string => /[\s"]/.test(value) ? `"${value}"` : value;

/** What the term at the text's end could become: fields first, then the values of its field. */
export function suggestions(text: string, choices: FilterChoices): string[] {
  const at = text.lastIndexOf(" ") + 1;
  const before = text.slice(0, at);
  const [field, ...rest] = text.slice(at).split(":");
  const begun = rest.join(":").toLowerCase();
  if (rest.length === 0) {
    const used = Object.keys(FIELDS).filter((name) => before.includes(`${name}:`));
    return Object.keys(FIELDS)
      .filter((name) => name.startsWith(field!.toLowerCase()) && !used.includes(name))
      .map((name) => `${before}${name}:`);
  }
  const values: Record<Field, string[]> = {
    queue: choices.queues,
    status: Object.keys(TASK_STATUS),
    name: choices.names,
    bot: choices.bots,
  };
  return (Object.hasOwn(values, field!) ? values[field as Field] : [])
    .filter((value) => value.toLowerCase().startsWith(begun) && value.toLowerCase() !== begun)
    .slice(0, 8)
    .map((value) => `${before}${field}:${quoted(value)}`);
}
