import type { DemoAction } from "../../lib/wire/demo.ts";
import type { OverviewData } from "../parts/page_data.ts";
import { DEMO as T } from "../parts/texts.ts";

const JSON_ONLY = { accept: "application/json" };
const LOOK_MS = 300;
/** A start takes a second or two; a slow machine gets a minute. */
const PATIENCE_MS = 60_000;

/**
 * Breaks the demo. A killed service answers nothing more: it is waited for until it has been killed
 * more often than `kills` and serves again.
 */
export async function breakDemo(
  action: DemoAction,
  form: FormData,
  kills: number,
): Promise<void> {
  const answer = await fetch("/", { method: "POST", body: form, headers: JSON_ONLY })
    .catch(() => null);
  if (answer && !answer.ok) {
    throw new Error((await answer.json().catch(() => ({}))).message ?? T.failed);
  }
  if (action !== "kill") {
    if (!answer) throw new Error(T.failed);
    return;
  }
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const overview: OverviewData | null = await fetch("/", { headers: JSON_ONLY })
      .then((answer) => answer.json(), () => null);
    const state = overview?.demo?.state;
    if (state && state.kills > kills && state.service === "running") return;
  }
  throw new Error(T.notBack);
}
