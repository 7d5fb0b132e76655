/** The labels of instants, each worked out once: the charts of a page share their instants. */
export function labelsOf(label: (at: number) => string): (at: number) => string {
  const known = new Map<number, string>();
  return (at) => {
    let found = known.get(at);
    if (found === undefined) known.set(at, found = label(at));
    return found;
  };
}
