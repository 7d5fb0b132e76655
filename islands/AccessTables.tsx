import type { OpenSession, Token } from "../lib/wire/access.ts";
import { act } from "./client/api.ts";
import { ActionForm } from "./parts/ActionForm.tsx";
import { Empty, Moment, Panel } from "./parts/pieces.tsx";
import { ACCESS as T } from "./parts/texts.ts";
import { ROLE } from "./parts/words.ts";

interface AccessTablesProps {
  tokens: Token[];
  sessions: OpenSession[];
  csrf: string;
  now: number;
}

/** Who may come in: tokens and open sessions, each to be ended at once. */
export default function AccessTables({ tokens, sessions, csrf, now }: AccessTablesProps) {
  return (
    <div class="report full">
      <Panel title={T.tokens} class="full">
        {tokens.length === 0 ? <Empty>{T.noTokens}</Empty> : (
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">{T.name}</th>
                <th scope="col">{T.role}</th>
                <th scope="col" class="wide">{T.used}</th>
                <th scope="col" class="wide">{T.expires}</th>
                <th scope="col">{T.action}</th>
              </tr>
            </thead>
            <tbody>
              {tokens.map(({ token_id, name, role, last_used_at, expires_at }) => (
                <tr key={token_id}>
                  <td>{name}</td>
                  <td>{ROLE[role]}</td>
                  <td class="wide">
                    {last_used_at ? <Moment at={last_used_at} now={now} /> : T.never}
                  </td>
                  <td class="wide">
                    {expires_at ? <Moment at={expires_at} now={now} /> : T.never}
                  </td>
                  <td>
                    <End
                      fields={{ do: "revoke", id: token_id }}
                      path={`/tokens/${encodeURIComponent(token_id)}`}
                      csrf={csrf}
                      label={T.revoke}
                      question={T.revokeAsk(name)}
                      said={T.revoked}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
      <Panel title={T.sessions} class="full">
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">{T.who}</th>
              <th scope="col">{T.role}</th>
              <th scope="col" class="wide">{T.where}</th>
              <th scope="col">{T.used}</th>
              <th scope="col">{T.action}</th>
            </tr>
          </thead>
          <tbody>
            {sessions.map(({ session_id, subject, role, address, user_agent, last_used_at }) => (
              <tr key={session_id}>
                <td>{subject}</td>
                <td>{ROLE[role]}</td>
                <td class="wide">
                  {address}
                  <small class="clamp one">{user_agent}</small>
                </td>
                <td>
                  <Moment at={last_used_at} now={now} />
                </td>
                <td>
                  <End
                    fields={{ do: "end", id: session_id }}
                    path={`/sessions/${encodeURIComponent(session_id)}`}
                    csrf={csrf}
                    label={T.end}
                    question={T.endAsk(subject)}
                    said={T.ended}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
    </div>
  );
}

interface EndProps {
  fields: Record<string, string>;
  path: string;
  csrf: string;
  label: string;
  question: string;
  said: string;
}

function End({ fields, path, csrf, label, question, said }: EndProps) {
  return (
    <ActionForm
      action="/settings"
      csrf={csrf}
      fields={fields}
      label={label}
      kind="quiet"
      confirm={() => question}
      perform={async () => {
        await act("DELETE", path, csrf);
        return said;
      }}
    />
  );
}
