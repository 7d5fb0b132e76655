/**
 * The test runner behind `deno task test`. Installs what is missing where it may, runs the suites
 * and closes with the line `N passed, N failed`.
 */
import { Command, InvalidArgumentError } from "commander";
import { closingLine, exitCode } from "./counts.ts";
import { runSuites } from "./run_suites.ts";

const program = new Command("deno task test")
  .description("Runs the tests: all of them, or those of the named suites and paths.")
  .argument("[selection...]", "a suite (unit, conformance, integration, crash, browser) or a path")
  .option("--filter <text>", "only tests whose name holds this text or fits this /expression/")
  .option("--seed <number>", "what randomised tests start from", parseSeed)
  .option("--long", "as often as docs/reliability.md reports it, instead of a few times", false)
  .option("--no-check", "without type checking")
  .addHelpText(
    "after",
    "\nExamples:\n  deno task test\n  deno task test lib/cache\n  deno task test browser",
  );

if (import.meta.main) {
  program.parse(Deno.args, { from: "user" });
  const { filter, seed, long, check } = program.opts();
  try {
    const counts = await runSuites({
      selections: program.args,
      filter,
      long,
      seed: seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!,
      typeCheck: check,
    });
    console.log(`\n${closingLine(counts)}`);
    Deno.exit(exitCode(counts));
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    console.log("\n0 passed, 1 failed");
    Deno.exit(1);
  }
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    throw new InvalidArgumentError("must be an integer from 0 to 4294967295");
  }
  return seed;
}
