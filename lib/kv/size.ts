const MAX_DEPTH = 12;

/**
 * About how many bytes the structured clone of `value` takes. Strings count two bytes a character,
 * as those outside Latin-1 do, so the estimate errs to the large side.
 */
export function estimateSize(value: unknown, depth = 0): number {
  switch (typeof value) {
    case "string":
      return 6 + value.length * 2;
    case "number":
      return 9;
    case "bigint":
      return 18;
    case "object":
      break;
    default:
      return 2;
  }
  if (value === null || depth > MAX_DEPTH) return 2;
  if (value instanceof Uint8Array) return 12 + value.byteLength;
  let bytes = 8;
  if (Array.isArray(value)) {
    for (const item of value) bytes += 2 + estimateSize(item, depth + 1);
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      bytes += estimateSize(key, depth + 1) + estimateSize(item, depth + 1);
    }
  } else if (value instanceof Set) {
    for (const item of value) bytes += estimateSize(item, depth + 1);
  } else {
    const record = value as Record<string, unknown>;
    for (const key in record) bytes += 4 + key.length + estimateSize(record[key], depth + 1);
  }
  return bytes;
}
