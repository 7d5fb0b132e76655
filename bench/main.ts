/**
 * `deno task bench NAME [--json]`: runs bench/NAME.ts and prints a table, or with `--json` one
 * object on stdout and nothing else. What goes on meanwhile is told on stderr.
 */
import { Command, InvalidArgumentError } from "commander";
import type { Bench, BenchOptions } from "./report.ts";
import { machine, printTable } from "./report.ts";

const program = new Command("deno task bench")
  .description("Measures side by side with peers, alternating; medians of all rounds.")
  .argument("<name>", "the bench: a file of this folder, such as jobs")
  .option("--json", "print one JSON object instead of a table", false)
  .option("--rounds <number>", "how often each figure is taken", positive, 5)
  .option("--size <factor>", "share of the usual amount of work, for a quick look", Number, 1)
  .option("--only <text>", "only metrics whose name holds this text")
  .option("--data <folder>", "with the public data that a bench measures on")
  .option("--subjects <names>", "only these, separated by commas: pixel, bullmq, celery, graphile");

if (import.meta.main) {
  program.parse(Deno.args, { from: "user" });
  const name = program.args[0]!;
  const { json, rounds, size, only, subjects, data } = program.opts();
  if (!/^[a-z_]+$/.test(name)) program.error(`there is no bench named ${name}`);
  const options: BenchOptions = {
    rounds,
    size,
    only,
    data,
    subjects: subjects?.split(","),
    tell: (text) => console.error(text),
  };
  const { run } = await import(new URL(`./${name}.ts`, import.meta.url).href) as { run: Bench };
  const { versions, rows } = await run(options);
  const report = { bench: name, machine: machine(), versions, rows };
  if (json) console.log(JSON.stringify(report, null, 2));
  else printTable(report);
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("use 1 or more");
  return number;
}
