import { scaleUtc } from "d3-scale";
import { LRUCache } from "lru-cache";

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

/** Room for labels left of an axis, in the units of the picture: their letters are 11 high. */
export function roomFor(labels: string[]): number {
  return Math.max(44, 10 + 6.5 * Math.max(0, ...labels.map((label) => label.length)));
}

/** Instants whose labels differ: over two minutes a label of hours and minutes would come thrice. */
export function distinctInstants(instants: number[], label: (at: number) => string): number[] {
  return instants.filter((at, i) => i === 0 || label(at) !== label(instants[i - 1]!));
}

/** Instants on round hours or days of a time zone, about `wanted` of them. */
export function timeTicks(from: number, to: number, wanted: number, zone: string): number[] {
  const offset = zoneOffset(from, zone);
  return scaleUtc([from + offset, to + offset], [0, 1]).ticks(wanted).map((tick) => +tick - offset);
}

const clocks = new LRUCache<string, Intl.DateTimeFormat>({ max: 100 });

/** What tells the time of a zone as ISO 8601 does; it is kept, as making one is slow. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
    clocks.set(timeZone, clock);
  }
  return clock;
}

/** How far a zone's clocks are ahead of UTC at an instant, ms. */
function zoneOffset(at: number, zone: string): number {
  if (zone === "UTC") return 0;
  const shown = clockOf(zone).format(at);
  return Date.parse(`${shown.replace(" ", "T")}Z`) - Math.floor(at / 1_000) * 1_000;
}
