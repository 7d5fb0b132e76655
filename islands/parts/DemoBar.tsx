import type { DemoAction, DemoState } from "../../lib/wire/demo.ts";
import { breakDemo } from "../client/demo.ts";
import { ActionForm } from "./ActionForm.tsx";
import { count } from "./format.ts";
import type { Demo } from "./page_data.ts";
import { DEMO as T } from "./texts.ts";

/** Breaks the demo, and tells what was lost by it. */
export function DemoBar({ demo: { url, state }, csrf }: { demo: Demo; csrf: string }) {
  return (
    <section class="panel demo" aria-label={T.title}>
      <p>
        <strong>{state ? told(state) : T.title}</strong>{" "}
        <span class="muted">
          {state && T.counted(count(state.asked), count(state.answered))} <a href={url}>{T.more}</a>
        </span>
      </p>
      {state && (
        <div class="buttons needs-script">
          {state.redis === "running" && (
            <Break action="break-redis" csrf={csrf} kills={state.kills} />
          )}
          {state.redis === "broken" && (
            <Break action="mend-redis" csrf={csrf} kills={state.kills} />
          )}
          <Break action="kill" csrf={csrf} kills={state.kills} />
        </div>
      )}
    </section>
  );
}

function told({ lost, redis, kills, breaks }: DemoState): string {
  if (redis === "broken") return T.withoutRedis(count(lost));
  return kills + breaks === 0 ? T.whole : T.broken(count(kills + breaks), count(lost));
}

interface BreakProps {
  action: DemoAction;
  csrf: string;
  /** How often it was killed before. */
  kills: number;
}

function Break({ action, csrf, kills }: BreakProps) {
  return (
    <ActionForm
      key={action}
      action="/"
      csrf={csrf}
      fields={{ do: "break", what: action }}
      label={T.action[action]}
      confirm={action === "mend-redis" ? undefined : () => T.ask[action]}
      perform={async (form) => {
        await breakDemo(action, form, kills);
        return T.done[action];
      }}
    />
  );
}
