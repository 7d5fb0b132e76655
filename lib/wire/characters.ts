/** Whether a text has at most `max` characters, a surrogate pair counting as one. */
export function withinCharacters(text: string, max: number): boolean {
  if (text.length <= max) return true;
  if (text.length > 2 * max) return false;
  let count = 0;
  for (const _ of text) count++;
  return count <= max;
}

/** The first `units` UTF-16 code units of a text, without half a surrogate pair at their end. */
export function cutText(text: string, units: number): string {
  if (text.length <= units) return text;
  return text.slice(0, units).replace(/[\ud800-\udbff]$/, "");
}
