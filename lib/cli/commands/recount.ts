import { countOf, formatCount } from "../format.ts";

/** What a recount found, as its task tells it. */
export interface Recounted {
  conversations: number;
  turns: number;
  compared: number;
  difference_count: number;
  /** The first of them. */
  differences: { record: string; count: string; expected: number; stored: number }[];
  days_without_all_facts: number;
  changed_meanwhile: string[];
}

/** A recount in words. */
export function recountText(result: Recounted): string {
  const { conversations, turns, compared, difference_count: count } = result;
  const lines = [
    `${countOf(compared, "count")} compared with ${countOf(conversations, "conversation")} and ` +
    `${countOf(turns, "turn")}: ` +
    (count === 0 ? "no difference" : `${formatCount(count)} differ`),
  ];
  for (const { record, count, expected, stored } of result.differences) {
    lines.push(`${record}, ${count}: ${stored}, but it should be ${expected}`);
  }
  if (count > result.differences.length) {
    lines.push(`and ${count - result.differences.length} more`);
  }
  if (result.days_without_all_facts > 0) {
    lines.push(
      `${result.days_without_all_facts} days are kept in part: compared as far as they are`,
    );
  }
  if (result.changed_meanwhile.length > 0) {
    lines.push(`changed meanwhile and left out: ${result.changed_meanwhile.join(", ")}`);
  }
  return lines.join("\n") + "\n";
}
