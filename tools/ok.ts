/**
 * Everything that must hold before a change is merged, behind `deno task ok`: formatting, lint,
 * types, layers, docs, then all tests. Closes with `N passed, N failed`, each check counting as one.
 */
import { addCounts, closingLine, type Counts, exitCode } from "./counts.ts";
import { checkDocs } from "./docs.ts";
import { checkLayers } from "./layers.ts";
import { runSuites } from "./run_suites.ts";
import { readTree } from "./source_tree.ts";

const CHECKS: { name: string; mend: string; run(): Promise<boolean> }[] = [
  { name: "format", mend: "deno fmt", run: () => deno("fmt", "--check", "--quiet") },
  { name: "lint", mend: "see above", run: () => deno("lint", "--quiet") },
  { name: "types", mend: "see above", run: () => deno("check", "--quiet", ".") },
  { name: "layers", mend: "see above", run: () => noProblems(checkLayers) },
  { name: "docs", mend: "see above", run: () => noProblems(checkDocs) },
];

/** A gate says the same twice; `deno task test` draws a new seed each time. */
const SEED = 1;

async function deno(...args: string[]): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn();
  return (await child.status).success;
}

async function noProblems(check: (files: Map<string, string>) => string[]): Promise<boolean> {
  const problems = check(await readTree("."));
  for (const problem of problems) console.error(problem);
  return problems.length === 0;
}

async function runChecks(): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, mend, run } of CHECKS) {
    const passed = await run();
    console.log(passed ? `ok      ${name}` : `FAILED  ${name} (${mend})`);
    passed ? counts.passed++ : counts.failed++;
  }
  return counts;
}

if (import.meta.main) {
  let counts = await runChecks();
  if (counts.failed > 0) console.log("\nThe tests were not run: mend the checks first.");
  else {
    try {
      const tests = await runSuites({ selections: [], long: false, seed: SEED, typeCheck: false });
      counts = addCounts(counts, tests);
      if (tests.passed === 0) counts.failed++;
    } catch (error) {
      console.error(`error: ${error instanceof Error ? error.message : error}`);
      counts.failed++;
    }
  }
  console.log(`\n${closingLine(counts)}`);
  Deno.exit(exitCode(counts));
}
