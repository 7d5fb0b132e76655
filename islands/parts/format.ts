/** Numbers and times as people read them. All pure: server and browser must write the same text. */
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const precise = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** What stands where there is no value. */
export const NONE = "–";

/** "12,400" */
export const count = (n: number | null | undefined): string => n == null ? NONE : whole.format(n);

/** "3.25": means and scores. */
export const mean = (n: number | null | undefined): string => n == null ? NONE : precise.format(n);

/** "61.2%" of a percentage 0–100. */
export const percent = (n: number | null | undefined): string =>
  n == null ? NONE : `${decimal.format(n)}%`;

/** "+12.5%": a growth. */
export const growth = (n: number | null | undefined): string =>
  n == null ? NONE : `${n > 0 ? "+" : n < 0 ? "−" : ""}${decimal.format(Math.abs(n))}%`;

/** "1,240/s", "0.4/s" */
export const perSecond = (n: number): string => `${(n < 10 ? decimal : whole).format(n)}/s`;

/** "640 B", "1.2 KB", "3.4 MB": of 1,024 */
export function bytes(n: number | null | undefined): string {
  if (n == null) return NONE;
  let [value, unit] = [n, 0];
  while (value >= 1_000 && unit < BYTES.length - 1) [value, unit] = [value / 1_024, unit + 1];
  return `${(unit === 0 || value >= 100 ? whole : decimal).format(value)} ${BYTES[unit]}`;
}
const BYTES = ["B", "KB", "MB", "GB", "TB"];

/** "85 ms", "0.4 s", "12 s", "3 min 5 s", "2 h 5 min", "4 d 2 h" of milliseconds. */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return NONE;
  if (ms < 100) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 9_950) return `${decimal.format(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const two = (big: number, unit: string, small: number, smaller: string) =>
    small === 0 ? `${big} ${unit}` : `${big} ${unit} ${small} ${smaller}`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.floor(minutes / 60);
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** "just now", "12 s ago", "in 3 min": one unit, as of `now`. */
export function ago(at: number, now: number): string {
  const seconds = Math.round(Math.abs(now - at) / 1000);
  if (seconds < 2) return "just now";
  const [amount, unit] = seconds < 60
    ? [seconds, "s"]
    : seconds < 3600
    ? [Math.floor(seconds / 60), "min"]
    : seconds < 86_400
    ? [Math.floor(seconds / 3600), "h"]
    : [Math.floor(seconds / 86_400), "d"];
  return at > now ? `in ${amount} ${unit}` : `${amount} ${unit} ago`;
}

/** "2026-03-01 09:12:04 UTC" */
export const exact = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;

const FORMS = {
  time: { hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short" },
  longDay: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  exact: { dateStyle: "medium", timeStyle: "medium" },
} satisfies Record<string, Intl.DateTimeFormatOptions>;
const formatters = new Map<string, Intl.DateTimeFormat>();
const MAX_FORMATTERS = 200;

/** An instant as British English writes it. Formatters are kept: making one is slow. */
function told(at: number, timeZone: string, form: keyof typeof FORMS): string {
  const key = form + timeZone;
  let found = formatters.get(key);
  if (!found) {
    if (formatters.size >= MAX_FORMATTERS) formatters.clear();
    formatters.set(key, found = new Intl.DateTimeFormat("en-GB", { timeZone, ...FORMS[form] }));
  }
  return found.format(at);
}

/** "09:12" */
export const timeOfDay = (at: number, zone: string): string => told(at, zone, "time");

/** "10 Mar" */
export const dayOfMonth = (at: number, zone: string): string => told(at, zone, "day");

/** "09:12", with " UTC" where that is the zone; with the day when it is not the one of `now`. */
export function clock(at: number, now: number, zone: string): string {
  const day = dayOfMonth(at, zone);
  const utc = zone === "UTC" ? " UTC" : "";
  return `${day === dayOfMonth(now, zone) ? "" : `${day}, `}${timeOfDay(at, zone)}${utc}`;
}

/** "10 Mar, 13:00 (12:00 UTC)": a point of a chart, with what it is in UTC beside it. */
export function minuteIn(at: number, zone: string): string {
  const utc = `${timeOfDay(at, "UTC")} UTC`;
  if (zone === "UTC") return `${dayOfMonth(at, zone)}, ${utc}`;
  return `${dayOfMonth(at, zone)}, ${timeOfDay(at, zone)} (${besideUtc(at, zone, utc)})`;
}

/** "10 Mar 2026, 13:00:04 Europe/Berlin (12:00:04 UTC)" */
export function exactIn(at: number, zone: string): string {
  if (zone === "UTC") return exact(at);
  const here = told(at, zone, "exact");
  return `${here} ${zone} (${besideUtc(at, zone, `${exact(at).slice(11)}`)})`;
}

/** The time in UTC, with its day where that is another one. */
function besideUtc(at: number, zone: string, time: string): string {
  const day = dayOfMonth(at, "UTC");
  return day === dayOfMonth(at, zone) ? time : `${day}, ${time}`;
}

/** "Mon 2 Mar": a UTC day. */
export const shortDay = (day: string): string => {
  const [weekday, date, month] = dayParts(day);
  return `${weekday} ${date} ${month}`;
};

/** "Monday, 2 March 2026": a UTC day. */
export const longDay = (day: string): string =>
  told(Date.parse(`${day}T00:00:00Z`), "UTC", "longDay");

function dayParts(day: string): [string, number, string] {
  const date = new Date(`${day}T00:00:00Z`);
  const names = date.toUTCString().split(" ");
  return [names[0]!.slice(0, 3), date.getUTCDate(), names[2]!];
}

/** "7f3a…c21e" of a long id, whole if short. */
export const shortId = (id: string): string =>
  id.length <= 14 ? id : `${id.slice(0, 6)}…${id.slice(-4)}`;

/** "1 task", "3 tasks" */
export const counted = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;
