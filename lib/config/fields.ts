import { z } from "zod";

/** Every field reads the text of one environment variable; its message completes "NAME …". */

const parsed = <T>(read: (text: string) => T | undefined, message: string) =>
  z.string().transform((text, context): T => {
    const value = read(text.trim());
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

/** A whole number within bounds, both included. */
export const whole = (min: number, max: number) =>
  parsed((text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : undefined;
  }, `must be a whole number from ${min} to ${max}`);

/** A number with fractions allowed, within bounds, both included. */
export const decimal = (min: number, max: number) =>
  parsed((text) => {
    const value = /^\d{1,12}(\.\d{1,12})?$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : undefined;
  }, `must be a number from ${min} to ${max}`);

const UNITS: Record<string, number> = {
  "": 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/** A size in bytes, at least `min`: `1048576`, `512KiB`, `1 GiB`; every unit counts by 1024. */
export const bytes = (min = 0) =>
  parsed((text) => {
    const match = /^(\d{1,15})\s*(?:([kmgt])(?:i?b)?|b)?$/i.exec(text);
    if (!match) return undefined;
    const value = Number(match[1]) * UNITS[(match[2] ?? "").toLowerCase()]!;
    return Number.isSafeInteger(value) && value >= min ? value : undefined;
  }, `must be a size${min > 0 ? " above 0" : ""} such as 1048576, 512KiB or 1GiB`);

/** `true`/`false`, also `1`/`0`, `yes`/`no`, `on`/`off`. */
export const flag = () =>
  parsed((text) => {
    if (/^(true|1|yes|on)$/i.test(text)) return true;
    if (/^(false|0|no|off)$/i.test(text)) return false;
    return undefined;
  }, "must be true or false");

/** One of a few words. */
export const word = <const W extends string>(...words: W[]) =>
  parsed(
    (text) => words.find((candidate) => candidate === text.toLowerCase()),
    `must be one of ${words.join(", ")}`,
  );

/** Any text of a bounded length, on one line. */
export const text = (min: number, max: number) =>
  parsed(
    (value) =>
      // deno-lint-ignore no-control-regex
      value.length >= min && value.length <= max && !/[\u0000-\u001f\u007f]/.test(value)
        ? value
        : undefined,
    `must have ${min} to ${max} characters on one line`,
  );

/** Text of a given form. */
export const matching = (pattern: RegExp, message: string) =>
  parsed((value) => (pattern.test(value) ? value : undefined), message);

/** An absolute address with one of the given schemes, kept as it was written. */
export const address = (...schemes: string[]) =>
  parsed((value) => {
    if (value.length > 2_048) return undefined;
    const url = URL.parse(value);
    const fits = url && schemes.includes(url.protocol.slice(0, -1)) && url.hostname !== "";
    return fits ? value : undefined;
  }, `must be an address that begins with ${schemes.map((s) => s + "://").join(" or ")}`);

const EMAIL = /^[^\s@<>,;]+@[^\s@<>,;]+$/;
/** E-mail addresses divided by commas, at least one, each once; empty parts are dropped. */
export const emails = (most: number) =>
  parsed((value) => {
    const parts = value.split(",").map((part) => part.trim()).filter((part) => part !== "");
    const all = [...new Set(parts)];
    const fits = all.length >= 1 && all.length <= most && all.every((one) => EMAIL.test(one));
    return fits ? all : undefined;
  }, `must be an e-mail address, or up to ${most} divided by commas`);

/** JSON that fits a schema. */
export const json = <T>(schema: z.ZodType<T>, message: string) =>
  parsed((value) => {
    try {
      return schema.safeParse(JSON.parse(value)).data;
    } catch {
      return undefined;
    }
  }, message);

/** Parts divided by commas; empty ones are dropped. */
export const list = (pattern: RegExp, message: string) =>
  parsed((value) => {
    const parts = value.split(",").map((part) => part.trim()).filter((part) => part !== "");
    return parts.length <= 100 && parts.every((part) => pattern.test(part)) ? parts : undefined;
  }, message);
