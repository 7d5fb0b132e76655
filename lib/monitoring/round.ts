/** Two decimals, as every figure on the wire; done on output only. */
export function round2(value: number): number {
  return Math.round((value + Number.EPSILON) * 100) / 100;
}
