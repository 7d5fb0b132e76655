const MAX_DEPTH = 100;

/** Whether JSON gives the value back as it was; optional properties set to undefined may be lost. */
export function isJson(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isJson(value[i], depth + 1)) return false;
    return true;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner !== undefined && !isJson(inner, depth + 1)) return false;
  }
  return typeof (value as { toJSON?: unknown }).toJSON !== "function";
}
