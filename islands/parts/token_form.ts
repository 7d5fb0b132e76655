import type { NewToken } from "../../lib/wire/access.ts";

const DAY_MS = 86_400_000;

/** What the form for a new token asks for; days count from `now`, ms since the epoch. */
export function tokenFrom(form: FormData, now: number): NewToken {
  const days = Number(form.get("days"));
  return {
    name: String(form.get("name") ?? "").trim(),
    role: String(form.get("role")) as NewToken["role"],
    content: form.get("content") !== null,
    ...(days > 0 ? { expires_at: new Date(now + days * DAY_MS).toISOString() } : {}),
  };
}
