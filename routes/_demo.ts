import { DEMO } from "../islands/parts/texts.ts";
import { AppError } from "../lib/errors.ts";
import { DEMO_ACTIONS, type DemoAction, type DemoState } from "../lib/wire/demo.ts";

const ANSWER_MS = 2_000;

/** What the demo beside this service has counted; null where it does not answer. */
export async function demoState(url: string): Promise<DemoState | null> {
  try {
    const answer = await fetch(`${url}state`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/**
 * Has the demo break or mend what it started. After "kill" this process may end before it returns.
 * AppError `invalid` for another word, `unavailable` where the demo does not answer.
 */
export async function breakDemo(url: string, action: unknown): Promise<void> {
  if (!isAction(action)) throw new AppError("invalid", DEMO.cannot);
  try {
    const answer = await fetch(url + action, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await answer.body?.cancel();
    if (answer.status === 303) return;
  } catch { /* Told below. */ }
  throw new AppError("unavailable", DEMO.failed);
}

const isAction = (action: unknown): action is DemoAction =>
  DEMO_ACTIONS.some((known) => known === action);
