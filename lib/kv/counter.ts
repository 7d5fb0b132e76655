/** Counters in KV are `KvU64`; a negative amount is kept as its two's complement. */

/** The number that a counter entry holds, 0 when it does not exist. */
export function counterValue(value: unknown): number {
  return value instanceof Deno.KvU64 ? Number(BigInt.asIntN(64, value.value)) : 0;
}

/** A signed amount as the unsigned one that wraps to it. */
export function counterDelta(by: number): Deno.KvU64 {
  return new Deno.KvU64(BigInt.asUintN(64, BigInt(by)));
}
