import { type Random, seededRandom } from "../../lib/cli/demo/random.ts";

/** Whether this is `deno task test:long`. */
export const long = Deno.env.get("TEST_LONG") === "1";

/** What randomised tests of this run start from; the test runner prints it. */
export const seed = Number(Deno.env.get("TEST_SEED") ?? 1);

/** How often to repeat something: a few times, or in a long run as often as the docs report. */
export function rounds(few: number, many: number): number {
  return long ? many : few;
}

/** A generator for one test: the same for the same seed, and independent of other tests. */
export function randomFor(testName: string): Random {
  let hash = seed;
  for (const char of testName) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  return seededRandom(hash);
}
