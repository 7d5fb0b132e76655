import { scaleUtc } from "d3-scale";

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

/** Instants on round hours or days of a time zone, about `wanted` of them. */
export function timeTicks(from: number, to: number, wanted: number, zone: string): number[] {
  const offset = zoneOffset(from, zone);
  return scaleUtc([from + offset, to + offset], [0, 1]).ticks(wanted).map((tick) => +tick - offset);
}

/** How far a zone's clocks are ahead of UTC at an instant, ms. */
function zoneOffset(at: number, zone: string): number {
  if (zone === "UTC") return 0;
  const shown = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "medium",
  }).format(at);
  return Date.parse(`${shown.replace(" ", "T")}Z`) - Math.floor(at / 1_000) * 1_000;
}
