import { InvalidArgumentError, Option } from "commander";

const MOST = 10_000;

/** How many rows at most. */
export function limitOption(usual: number): Option {
  return new Option("--limit <count>", "at most so many").default(usual).argParser((text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > MOST) {
      throw new InvalidArgumentError(`must be a whole number from 1 to ${MOST}`);
    }
    return value;
  });
}

/** A number above 0 from the command line. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("must be above 0");
  return value;
}

const LONGEST_SECONDS = 3_600;

/** A number of seconds from the command line. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= LONGEST_SECONDS)) {
    throw new InvalidArgumentError(`must be above 0 and at most ${LONGEST_SECONDS}`);
  }
  return value;
}
