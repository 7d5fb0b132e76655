import { runChild } from "./child.ts";
import { addCounts, type Counts, countsOfLine } from "./counts.ts";
import { ensurePrograms } from "./programs.ts";
import {
  LONG_LIMIT_MINUTES,
  type PlannedSuite,
  planSuites,
  testFiles,
  TOTAL_LIMIT_MINUTES,
} from "./suites.ts";
import { RunFolder } from "./run_folder.ts";
import { readTree } from "./source_tree.ts";

export interface RunOptions {
  /** Names of suites or parts of paths; empty for everything. */
  selections: string[];
  /** Only tests whose name holds this text or fits this /expression/. */
  filter?: string;
  /** Runs every fault as often as docs/reliability.md reports it, instead of a few times. */
  long: boolean;
  /** What randomised tests start from; printed, so that a failing run can be repeated. */
  seed: number;
  typeCheck: boolean;
}

/** Suites under way at a time: most tests wait for processes which they start. */
const ABREAST = 2;

/**
 * Runs the selected suites and adds up their counts; two at a time where there are processors for
 * both, but for the long run, which reports how long things took.
 */
export async function runSuites(options: RunOptions): Promise<Counts> {
  const planned = planSuites(testFiles((await readTree(".")).keys()), options.selections);
  await ensurePrograms(planned.flatMap(({ suite }) => suite.needs));
  console.log(`seed ${options.seed} (repeat with --seed=${options.seed})`);
  const endAt = Date.now() + minutes(options.long ? LONG_LIMIT_MINUTES : TOTAL_LIMIT_MINUTES);
  const abreast = options.long ? 1 : Math.min(ABREAST, navigator.hardwareConcurrency);
  const named = abreast > 1 && planned.length > 1;
  using folder = await RunFolder.make();
  let total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const run = async ({ suite, files }: PlannedSuite) => {
    console.log(`\n== ${suite.name}: ${files.length} ${files.length === 1 ? "file" : "files"}`);
    const own = minutes(options.long ? LONG_LIMIT_MINUTES : suite.limitMinutes);
    const limitMs = Math.max(0, Math.min(own, endAt - Date.now()));
    const args = [...suite.permissions, ...files];
    const counts = await runSuite(suite.name, args, {
      ...options,
      limitMs,
      named,
      folder: folder.path,
    });
    total = addCounts(total, counts);
  };
  const waiting = planned.filter(({ suite }) => !suite.alone).values();
  const lane = async () => {
    for (const suite of waiting) await run(suite);
  };
  await Promise.all(Array.from({ length: abreast }, lane));
  for (const suite of planned.filter(({ suite }) => suite.alone)) await run(suite);
  return total;
}

async function runSuite(
  name: string,
  args: string[],
  options: RunOptions & { limitMs: number; named: boolean; folder: string },
): Promise<Counts> {
  const { limitMs, named } = options;
  let counts: Counts | null = null;
  const ended = await runChild(Deno.execPath(), [
    "test",
    "--no-prompt",
    "--sanitize-ops",
    "--sanitize-resources",
    "--preload=tests/support/property_seed.ts",
    ...(options.typeCheck ? [] : ["--no-check"]),
    ...(options.filter === undefined ? [] : [`--filter=${options.filter}`]),
    ...args,
  ], {
    limitMs,
    ...(named ? { prefix: `${name} | ` } : {}),
    env: {
      TMPDIR: options.folder,
      TEST_SEED: String(options.seed),
      TEST_LONG: options.long ? "1" : "",
      ...(Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }),
    },
    onLine: (line) => {
      counts = countsOfLine(line) ?? counts;
    },
  });
  return judge(name, ended, counts, limitMs);
}

/** Counts of a suite whose process may have ended without saying any, or otherwise than it said. */
export function judge(
  name: string,
  ended: { success: boolean; timedOut: boolean },
  counts: Counts | null,
  limitMs: number,
): Counts {
  const known = counts ?? { passed: 0, failed: 0, skipped: 0 };
  if (ended.timedOut) {
    console.log(`${name}: stopped after its limit of ${(limitMs / 60_000).toFixed(1)} minutes`);
    return { ...known, failed: known.failed + 1 };
  }
  if (ended.success || known.failed > 0) return known;
  console.log(`${name}: ended without success before it could count its tests`);
  return { ...known, failed: 1 };
}

function minutes(count: number): number {
  return count * 60_000;
}
