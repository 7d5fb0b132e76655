/**
 * What reports cost at 10,000, 100,000 and 1,000,000 conversations over 400 days, 50 bots and the
 * same 5,000 users, what recording costs a turn, and how many bytes a conversation takes. No report
 * is answered from the one that is stored.
 *
 *     deno task bench analytics --size 0.1     without the largest
 */
import { recordingCost } from "./analytics/recording.ts";
import { fill, history, type World } from "./analytics/history.ts";
import { type BenchOptions, type BenchReport, Figures, median } from "./report.ts";

const SIZES = [10_000, 100_000, 1_000_000];
const OWN = "pixel";
const DATES = 12;
/** No history is filled after this: what was not reached by then is left out, and told. */
const LIMIT_MS = 13 * 60_000;
const TURNS = 2_000;

/** Measures; `size` below 1 leaves out the histories that are larger than that share of a million. */
export async function run(
  options: BenchOptions,
): Promise<Pick<BenchReport, "versions" | "rows">> {
  const deadline = performance.now() + LIMIT_MS;
  const figures = new Figures();
  const wanted = (metric: string) => options.only === undefined || metric.includes(options.only);
  if (wanted("recording")) await recording(figures, options);
  const smallest = new Map<string, number>();
  for (const size of SIZES.filter((size) => size <= SIZES.at(-1)! * options.size)) {
    const suffix = ` at ${size.toLocaleString("en")}`;
    if (!wanted("report" + suffix) && !wanted("range" + suffix)) continue;
    await using world = await history();
    options.tell(`${size.toLocaleString("en")} conversations`);
    const startedAt = performance.now();
    if (!await fill(world, size, { deadline, tell: options.tell })) {
      options.tell(`  given up after ${LIMIT_MS / 60_000} minutes`);
      break;
    }
    const seconds = (performance.now() - startedAt) / 1000;
    figures.add(`conversations stored${suffix}`, OWN, size / seconds, "conversations/s");
    figures.add(`bytes a conversation${suffix}`, OWN, await world.bytes() / size, "B");
    options.tell("  reports");
    await measure(world, options.rounds, (name, values) => {
      for (const ms of values) figures.add(name + suffix, OWN, ms, "ms");
      const least = smallest.get(name);
      if (least === undefined) smallest.set(name, median(values));
      else figures.add(name + suffix, `at ${SIZES[0]!.toLocaleString("en")}`, least, "ms");
    });
  }
  return { versions: { deno: Deno.version.deno }, rows: figures.rows(OWN) };
}

async function recording(figures: Figures, { rounds, tell }: BenchOptions): Promise<void> {
  for (const callers of [4, 100]) {
    for (let round = 0; round < rounds; round++) {
      tell(`recording cost, ${callers} callers, round ${round + 1} of ${rounds}`);
      const { withIt, without } = await recordingCost(callers, TURNS);
      const share = (withIt - without) / without * 100;
      figures.add(`CPU of a no-op turn, ${callers} callers`, OWN, withIt, "µs");
      figures.add(`CPU of a no-op turn, ${callers} callers`, "without recording", without, "µs");
      figures.add(`recording adds, ${callers} callers`, OWN, share, "%");
    }
  }
}

/** Takes every figure of a history `rounds` times. */
async function measure(
  { readers, dates, today }: World,
  rounds: number,
  took: (name: string, ms: number[]) => void,
): Promise<void> {
  const time = async (name: string, reads: (() => Promise<unknown>)[]) => {
    const times: number[] = [];
    await reads[0]!(); // compiles what is compiled once
    for (let round = 0; round < rounds; round++) {
      for (const read of reads) {
        const from = performance.now();
        await read();
        times.push(performance.now() - from);
      }
    }
    took(name, times);
  };
  const { reports, figures: ranges } = readers();
  for (const kind of ["daily", "weekly", "monthly"] as const) {
    await time(`${kind} report`, dates(DATES).map((date) => () => reports.rebuild(kind, date)));
  }
  await time("monthly report, running", [
    () => readers().reports.rebuild("monthly", today),
  ]);
  const days = async (
    zone: string,
    metrics: ("conversations" | "turn_ms" | "active_users")[],
    from = ranges,
  ) => {
    const range = await from.range({ granularity: "day", zone, metrics });
    return await Array.fromAsync(range.rows);
  };
  const zone = "Europe/Berlin";
  await time("range of 30 days, UTC", [() => days("UTC", ["conversations", "turn_ms"])]);
  await time("range of 30 days, Berlin", [() => days(zone, ["conversations", "turn_ms"])]);
  await time("range of 30 days, users", [() => days("UTC", ["active_users"], readers().figures)]);
  await time("range of 30 days, users kept", [() => days("UTC", ["active_users"])]);
  await time("busiest hours", [() => ranges.busiest({ from: dates(1)[0]!, zone })]);
  await time("retention", [() => readers().figures.retention({ granularity: "week" })]);
  await time("retention, users kept", [() => ranges.retention({ granularity: "week" })]);
}
