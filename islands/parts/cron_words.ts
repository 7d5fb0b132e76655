const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** A cron line in plain words, UTC: "Every Monday at 02:00 UTC". What is too odd stays as it is. */
export function cronWords(cron: string): string {
  const every = /^every (\d+(?:\.\d+)?) s$/.exec(cron);
  if (every) return `Every ${every[1]} s`;
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) return cron;
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  const anyDay = day === "*" && month === "*" && weekday === "*";
  const step = /^\*\/(\d+)$/;
  if (anyDay && hour === "*") {
    if (minute === "*") return "Every minute";
    if (step.test(minute)) return `Every ${step.exec(minute)![1]} minutes`;
    if (isNumber(minute)) return `Every hour, ${minute} min past`;
  }
  if (anyDay && step.test(hour) && isNumber(minute)) {
    return `Every ${step.exec(hour)![1]} hours, ${minute} min past`;
  }
  if (!isNumber(minute) || !isNumber(hour)) return cron;
  const days = daysInWords(day, month, weekday);
  return days ? `${days} at ${hour.padStart(2, "0")}:${minute.padStart(2, "0")} UTC` : cron;
}

function daysInWords(day: string, month: string, weekday: string): string | null {
  if (day === "*" && month === "*") {
    if (weekday === "*") return "Every day";
    if (weekday === "1-5") return "Every weekday";
    const named = weekday.split(",").map((one) => DAYS[Number(one) % 7]);
    return named.every(Boolean) && /^[\d,]+$/.test(weekday) ? `Every ${list(named)}` : null;
  }
  if (weekday !== "*" || !isNumber(day)) return null;
  if (month === "*") return `On the ${ordinal(Number(day))} of every month`;
  const name = MONTHS[Number(month) - 1];
  return name ? `On the ${ordinal(Number(day))} of ${name}` : null;
}

const isNumber = (field: string): boolean => /^\d{1,2}$/.test(field);

const list = (names: (string | undefined)[]): string =>
  names.length < 2 ? String(names[0]) : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

function ordinal(n: number): string {
  const ending = n % 100 > 10 && n % 100 < 14 ? "th" : ["th", "st", "nd", "rd"][n % 10] ?? "th";
  return `${n}${ending}`;
}
