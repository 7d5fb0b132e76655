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
