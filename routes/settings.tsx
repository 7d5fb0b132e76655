import AccessTables from "../islands/AccessTables.tsx";
import LiveInterval from "../islands/LiveInterval.tsx";
import { exactIn } from "../islands/parts/format.ts";
import { Empty, Moment, Panel } from "../islands/parts/pieces.tsx";
import { ACCESS as A, COMMON, PAGES, SETTINGS as T } from "../islands/parts/texts.ts";
import { tokenFrom } from "../islands/parts/token_form.ts";
import { ROLE } from "../islands/parts/words.ts";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import type { AuditEntry, OpenSession, Token, TokenMade } from "../lib/wire/access.ts";
import type { Kept } from "../lib/wire/system.ts";
import type { Role } from "../lib/wire/envelope.ts";
import { KeptPanel } from "./_kept.tsx";
import type { PageState } from "./pages.ts";
import { orNull } from "./parts.ts";

const AUDIT_SHOWN = 50;

interface SettingsData {
  tokens: Token[] | null;
  sessions: OpenSession[] | null;
  audit: AuditEntry[] | null;
  kept: Kept | null;
  /** A token that was just made or rotated. */
  made: TokenMade | null;
}

async function settings(
  ctx: PageContext<PageState>,
  made: TokenMade | null,
): Promise<Response> {
  const { data, session } = ctx.state;
  const admin = session?.role === "admin";
  const [kept, tokens, sessions, audit] = await Promise.all([
    orNull(data.kept()),
    ...(admin ? [data.tokens(), data.sessions(), data.audit(AUDIT_SHOWN)] as const : []),
  ]);
  const shown: SettingsData = {
    kept,
    tokens: tokens ?? null,
    sessions: sessions ?? null,
    audit: audit ?? null,
    made,
  };
  return ctx.render(shown, { title: PAGES["/settings"] });
}

export const handler = {
  GET: (ctx: PageContext<PageState>) => settings(ctx, null),

  /** The plain forms, for those without scripts. A secret is in no address, so it comes at once. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.formData();
    const { data, now } = ctx.state;
    const id = String(form.get("id"));
    switch (form.get("do")) {
      case "make":
        return await settings(ctx, await data.makeToken(tokenFrom(form, now)));
      case "rotate":
        return await settings(ctx, await data.rotateToken(id));
      case "revoke":
        await data.revokeToken(id);
        break;
      case "end":
        await data.endSession(id);
        break;
      default:
        return ctx.notFound(COMMON.noAction);
    }
    return ctx.redirect("/settings");
  },
};

/** Who one is here, and what this browser remembers. */
export default function Settings({ data, state }: PageProps<SettingsData, PageState>) {
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
        </Panel>
        {data.tokens && data.sessions && (
          <AccessTables
            tokens={data.tokens}
            sessions={data.sessions}
            csrf={session.csrf}
            now={state.now}
            made={data.made}
          />
        )}
        {data.kept && <KeptPanel kept={data.kept} zone={state.zone} />}
        {data.audit && <Audit entries={data.audit} now={state.now} />}
      </div>
    </>
  );
}

function Audit({ entries, now }: { entries: AuditEntry[]; now: number }) {
  return (
    <Panel
      title={A.audit}
      class="full"
      aside={<a href="/api/performance/audit/export" download>{A.export}</a>}
    >
      {entries.length === 0 ? <Empty>{A.nothing}</Empty> : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">{A.when}</th>
              <th scope="col">{A.who}</th>
              <th scope="col">{A.did}</th>
              <th scope="col" class="wide">{A.where}</th>
              <th scope="col" class="number">{A.result}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.request_id + entry.at}>
                <td>
                  <Moment at={entry.at} now={now} />
                </td>
                <td>{entry.subject}</td>
                <td>
                  {entry.action} <small>{entry.target}</small>
                </td>
                <td class="wide">{entry.address}</td>
                <td class="number">{entry.status}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
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
