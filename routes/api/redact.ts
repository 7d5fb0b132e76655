/** Stands where a secret was. */
export const REDACTED = "[redacted]";

/** Names of fields that hold secrets, as words in snake case; what stands before them is free. */
const SECRET_NAME = new RegExp(
  "(^|_)(password(_hash)?|passwd|pwd|passphrase|secrets?|token|jwt|authorization|credentials?|" +
    "(set_)?cookie|(api|access|private|secret|signing|encryption)_?key)$",
);

/**
 * `value` as it may be displayed: what lies in fields with a secret's name (`api_key`,
 * `X-Api-Key`, `accessToken`, …) is replaced, in nested objects, lists and JSON texts as well.
 * Booleans and null stay, and so does every other field. `value` itself is left as it is.
 */
export function redacted(value: unknown): unknown {
  if (typeof value === "string") return redactedText(value);
  if (Array.isArray(value)) return value.map(redacted);
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      isSecretName(name) && field !== null && typeof field !== "boolean"
        ? REDACTED
        : redacted(field),
    ]),
  );
}

function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[^A-Za-z0-9]+/g, "_");
  return SECRET_NAME.test(words.toLowerCase());
}

/** JSON that holds a secret is written anew; any other text stays byte for byte. */
function redactedText(text: string): string {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    const shown = JSON.stringify(redacted(value));
    return shown === JSON.stringify(value) ? text : shown;
  } catch {
    return text;
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
