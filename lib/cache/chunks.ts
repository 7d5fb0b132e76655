const CHUNK = 400;

/** Maps a list a chunk at a time, so that no command waits behind thousands of its own kind. */
export async function inChunks<A, B>(
  items: readonly A[],
  map: (item: A) => Promise<B>,
): Promise<B[]> {
  const results: B[] = [];
  for (let at = 0; at < items.length; at += CHUNK) {
    results.push(...await Promise.all(items.slice(at, at + CHUNK).map(map)));
  }
  return results;
}
