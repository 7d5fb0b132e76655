/** Keys that one read may ask for; a limit of Deno KV. */
export const MAX_KEYS_A_READ = 10;

/** The values of any number of keys, in their order; null where there is none. */
export async function readMany<T>(
  kv: Pick<Deno.Kv, "getMany">,
  keys: readonly Deno.KvKey[],
): Promise<(T | null)[]> {
  const reads: Promise<Deno.KvEntryMaybe<T>[]>[] = [];
  for (let i = 0; i < keys.length; i += MAX_KEYS_A_READ) {
    reads.push(kv.getMany<T[]>(keys.slice(i, i + MAX_KEYS_A_READ)) as typeof reads[number]);
  }
  return (await Promise.all(reads)).flat().map(({ value }) => value);
}
