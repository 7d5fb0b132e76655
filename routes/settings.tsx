import LiveInterval from "../islands/LiveInterval.tsx";
import { exactIn } from "../islands/parts/format.ts";
import { Panel } from "../islands/parts/pieces.tsx";
import { PAGES, SETTINGS as T } from "../islands/parts/texts.ts";
import { ROLE } from "../islands/parts/words.ts";
import type { PageProps } from "../lib/web/page.ts";
import type { Role } from "../lib/wire/envelope.ts";
import type { PageState } from "./pages.ts";

/** Who one is here, and what this browser remembers. */
export default function Settings({ state }: PageProps<undefined, PageState>) {
  const session = state.session!;
  return (
    <>
      <header class="title">
        <h1>{PAGES["/settings"]}</h1>
      </header>
      <div class="report">
        <Panel title={T.session}>
          <dl class="facts">
            <Fact name={T.subject} value={session.subject} />
            <Fact name={T.role} value={ROLE[session.role]} />
            <Fact name={T.content} value={session.content ? T.contentYes : T.contentNo} />
            <Fact name={T.ends} value={exactIn(session.expiresAt, state.zone)} />
          </dl>
          <form class="foot" method="post" action="/sign-out">
            <input type="hidden" name="csrf" value={session.csrf} />
            <button type="submit" class="button">{T.signOut}</button>
          </form>
        </Panel>
        <Panel title={T.browser} class="this-browser">
          <LiveInterval />
          <dl class="facts">
            <Fact name={T.zone} value={state.zone} />
            <Fact name={T.keys} value={T.keysNote} />
          </dl>
          <p class="muted foot">{T.browserNote}</p>
        </Panel>
        <Panel title={T.roles} class="full">
          <dl class="facts">
            {Object.entries(T.roleNotes).map(([role, note]) => (
              <Fact key={role} name={ROLE[role as Role]} value={note} />
            ))}
          </dl>
          <p class="muted foot">{T.tokens}</p>
        </Panel>
      </div>
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
