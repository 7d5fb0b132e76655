/**
 * Where a user's id stands in the database. A user may be called what a bot, a status or a part of a
 * key is called, so an id is looked for in these places only.
 */

/** Index of the part of a key that is a user's id, or what a caller made of one; null: none is. */
export function userPartOf([root, kind]: Deno.KvKey): number | null {
  if (root === "stats") return kind === "u" ? 2 : kind === "um" ? 3 : kind === "top" ? 4 : null;
  return root === "jobs" && (kind === "unique" || kind === "unique_for") ? 3 : null;
}

/** Below these, what is counted of users, which must tell of the same conversations at all times. */
export const FIGURES: readonly Deno.KvKey[] = [["stats", "u"], ["stats", "um"]];
/** Lists made from these figures, which change with them. */
export const LISTS_OF_FIGURES: readonly Deno.KvKey[] = [["stats", "top"]];

/**
 * Whether a field may hold a user's id: ours are called so, and in metadata, payloads and results
 * callers name theirs as they like.
 */
export const mayHoldUser = (field: string): boolean => /user|^uniqueKey$/i.test(field);

/** An entry of the audit log without the user, where they acted by a token of the platform's own. */
export function withoutActor<T extends { actor: string; subject: string }>(
  entry: T,
  texts: ReadonlyMap<string, string>,
): T {
  const [, source, id = ""] = /^(jwt|oauth):(.*)$/s.exec(entry.actor) ?? [];
  if (source === undefined || !(texts.has(id) || texts.has(entry.subject))) return entry;
  return {
    ...entry,
    actor: `${source}:${texts.get(id) ?? id}`,
    subject: texts.get(entry.subject) ?? entry.subject,
  };
}
