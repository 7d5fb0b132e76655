/**
 * Values of several lists, each sorted from the greatest text down, as one list sorted so; `from` is
 * the number of the list. Reads one value of each ahead.
 */
export async function* merged<T>(
  lists: readonly AsyncIterator<T>[],
  textOf: (value: T) => string,
): AsyncGenerator<{ from: number; value: T }> {
  const heads = await Promise.all(lists.map(async (list) => headOf(await list.next(), textOf)));
  for (;;) {
    let from = -1;
    for (const [i, head] of heads.entries()) {
      if (head && (from < 0 || head.text > heads[from]!.text)) from = i;
    }
    if (from < 0) return;
    yield { from, value: heads[from]!.value };
    heads[from] = headOf(await lists[from]!.next(), textOf);
  }
}

function headOf<T>(
  { done, value }: IteratorResult<T>,
  textOf: (value: T) => string,
): { value: T; text: string } | null {
  return done ? null : { value, text: textOf(value) };
}

/** Values in groups of `size`, the last of which may be smaller. */
export async function* inGroups<T>(values: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const value of values) {
    group.push(value);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
