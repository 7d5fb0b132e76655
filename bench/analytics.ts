/**
 * What reports cost at 10,000, 100,000 and 1,000,000 conversations over 400 days, 50 bots and the
 * same 5,000 users, what recording costs a turn, and how many bytes a conversation takes.
 *
 *     deno task bench analytics --size 0.1     without the largest
 */
import { recordingCost } from "./analytics/recording.ts";
import { fill, history } from "./analytics/history.ts";
import { type BenchOptions, type BenchReport, Figures } from "./report.ts";

const SIZES = [10_000, 100_000, 1_000_000];
const OWN = "pixel";
const DATES = 12;

/** Measures; `size` below 1 leaves out the histories that are larger than that share of a million. */
export async function run(
  options: BenchOptions,
): Promise<Pick<BenchReport, "versions" | "rows">> {
  const figures = new Figures();
  const wanted = (metric: string) => options.only === undefined || metric.includes(options.only);
  for (const size of SIZES.filter((size) => size <= SIZES.at(-1)! * options.size)) {
    const suffix = ` at ${size.toLocaleString("en")}`;
    if (!wanted("report" + suffix) && !wanted("range" + suffix)) continue;
    await reportsOf(size, suffix, figures, options);
  }
  if (wanted("recording")) {
    for (const callers of [4, 100]) {
      for (let round = 0; round < options.rounds; round++) {
        options.tell(`recording cost, ${callers} callers, round ${round + 1}`);
        const { withIt, without } = await recordingCost(callers, 2_000);
        const share = (withIt - without) / without * 100;
        figures.add(`CPU of a no-op turn, ${callers} callers`, OWN, withIt, "µs");
        figures.add(`CPU of a no-op turn, ${callers} callers`, "without recording", without, "µs");
        figures.add(`recording adds, ${callers} callers`, OWN, share, "%");
      }
    }
  }
  return { versions: { deno: Deno.version.deno }, rows: figures.rows(OWN) };
}

async function reportsOf(
  size: number,
  suffix: string,
  figures: Figures,
  { rounds, tell }: BenchOptions,
): Promise<void> {
  await using world = await history();
  tell(`recording ${size.toLocaleString("en")} conversations`);
  const startedAt = performance.now();
  await fill(world, size);
  const seconds = (performance.now() - startedAt) / 1000;
  figures.add(`conversations recorded${suffix}`, OWN, size / seconds, "conversations/s");
  figures.add(`bytes a conversation${suffix}`, OWN, await world.bytes() / size, "B");
  for (const kind of ["daily", "weekly", "monthly"] as const) {
    for (let round = 0; round < rounds; round++) {
      for (const date of world.dates(DATES)) {
        const from = performance.now();
        await world.reports.rebuild(kind, date);
        figures.add(`${kind} report${suffix}`, OWN, performance.now() - from, "ms");
      }
    }
  }
  const { figures: ranges } = world;
  const ranged = async (metric: string, read: () => Promise<unknown>) => {
    for (let round = 0; round < rounds; round++) {
      const from = performance.now();
      await read();
      figures.add(`${metric}${suffix}`, OWN, performance.now() - from, "ms");
    }
  };
  const [from, to] = [world.dates(1)[0]!, undefined];
  const rows = async (zone: string, metrics: ("conversations" | "turn_ms" | "active_users")[]) => {
    const range = await ranges.range({ granularity: "day", zone, metrics });
    return await Array.fromAsync(range.rows);
  };
  await ranged("range of 30 days, UTC", () => rows("UTC", ["conversations", "turn_ms"]));
  await ranged(
    "range of 30 days, Berlin",
    () => rows("Europe/Berlin", ["conversations", "turn_ms"]),
  );
  await ranged("range of 30 days, users", () => rows("UTC", ["active_users"]));
  await ranged("busiest hours", () => ranges.busiest({ from, to, zone: "Europe/Berlin" }));
  await ranged("retention", () => ranges.retention({ granularity: "week" }));
}
