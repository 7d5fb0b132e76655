/** Ticks whose labels differ: a small range would otherwise write the same rounded number twice. */
export function distinctTicks(ticks: number[], format: (value: number) => string): number[] {
  const seen = new Set<string>();
  return ticks.filter((tick) => {
    const label = format(tick);
    const rounded = Number(label.replaceAll(",", ""));
    if (seen.has(label) || (Number.isFinite(rounded) && rounded !== tick)) return false;
    seen.add(label);
    return true;
  });
}
