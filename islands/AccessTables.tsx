import { useState } from "preact/hooks";
import type { OpenSession, Token, TokenMade } from "../lib/wire/access.ts";
import type { Role } from "../lib/wire/envelope.ts";
import { act } from "./client/api.ts";
import { ActionForm } from "./parts/ActionForm.tsx";
import { CopyText } from "./parts/CopyText.tsx";
import { Empty, Moment, Panel } from "./parts/pieces.tsx";
import { ACCESS as T } from "./parts/texts.ts";
import { tokenFrom } from "./parts/token_form.ts";
import { ROLE } from "./parts/words.ts";

interface AccessTablesProps {
  tokens: Token[];
  sessions: OpenSession[];
  csrf: string;
  now: number;
  /** A token that a plain form has just made or rotated. */
  made: TokenMade | null;
}

/** Who may come in: tokens and open sessions, each to be ended at once; and making new tokens. */
export default function AccessTables({ sessions, csrf, now, ...given }: AccessTablesProps) {
  const [tokens, setTokens] = useState(given.tokens);
  const [made, setMade] = useState(given.made);
  const show = (one: TokenMade) => {
    const { token_id } = one.token_info;
    const others = tokens.filter((token) => token.token_id !== token_id);
    const known = others.length < tokens.length;
    setTokens(
      known
        ? tokens.map((token) => token.token_id === token_id ? one.token_info : token)
        : [one.token_info, ...others],
    );
    setMade(one);
  };
  return (
    <div class="report full">
      <Panel title={T.make} class="full new-token">
        <NewTokenForm csrf={csrf} made={show} />
        {made && (
          <div class="notice foot" role="status">
            <CopyText
              key={made.token}
              title={T.secret}
              text={made.token}
              what={T.made(made.token_info.name)}
            />
          </div>
        )}
      </Panel>
      <Panel title={T.tokens} class="full">
        {tokens.length === 0
          ? <Empty>{T.noTokens}</Empty>
          : <TokenTable tokens={tokens} csrf={csrf} now={now} made={show} />}
      </Panel>
      <Panel title={T.sessions} class="full">
        <SessionTable sessions={sessions} csrf={csrf} now={now} />
      </Panel>
    </div>
  );
}

interface MakingProps {
  csrf: string;
  made: (one: TokenMade) => void;
}

function TokenTable(
  { tokens, csrf, now, made }: Pick<AccessTablesProps, "tokens" | "now"> & MakingProps,
) {
  return (
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
        {tokens.map((token) => (
          <tr key={token.token_id}>
            <td>
              {token.name}
              {token.rotated_at && (
                <small>
                  {T.rotated} <Moment at={token.rotated_at} now={now} />
                </small>
              )}
            </td>
            <td>
              {ROLE[token.role]}
              {token.role === "viewer" && token.content && <small>{T.readsTexts}</small>}
            </td>
            <td class="wide">
              {token.last_used_at ? <Moment at={token.last_used_at} now={now} /> : T.never}
            </td>
            <td class="wide">
              {token.expires_at ? <Moment at={token.expires_at} now={now} /> : T.never}
            </td>
            <td>
              <span class="buttons">
                <Rotate token={token} csrf={csrf} made={made} />
                <End
                  fields={{ do: "revoke", id: token.token_id }}
                  path={`/tokens/${encodeURIComponent(token.token_id)}`}
                  csrf={csrf}
                  label={T.revoke}
                  question={T.revokeAsk(token.name)}
                  said={T.revoked}
                />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function SessionTable(
  { sessions, csrf, now }: Pick<AccessTablesProps, "sessions" | "csrf" | "now">,
) {
  return (
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
  );
}

function NewTokenForm({ csrf, made }: MakingProps) {
  return (
    <ActionForm
      action="/settings"
      csrf={csrf}
      fields={{ do: "make" }}
      label={T.makeGo}
      class="line"
      perform={async (form) => {
        made(await act<TokenMade>("POST", "/tokens", csrf, tokenFrom(form, Date.now())));
        return "";
      }}
    >
      <label class="field">
        <span>{T.makeName}</span>
        <input name="name" required maxLength={200} placeholder={T.makeHint} autocomplete="off" />
      </label>
      <label class="field">
        <span>{T.role}</span>
        <select name="role">
          {Object.keys(ROLE).map((role) => (
            <option key={role} value={role}>{ROLE[role as Role]}</option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{T.forDays}</span>
        <select name="days">
          {Object.entries(T.days).map(([days, word]) => (
            <option key={days} value={days}>{word}</option>
          ))}
        </select>
      </label>
      <label class="check" title={T.contentNote}>
        <input type="checkbox" name="content" /> {T.content}
      </label>
    </ActionForm>
  );
}

function Rotate({ token, csrf, made }: MakingProps & { token: Token }) {
  return (
    <ActionForm
      action="/settings"
      csrf={csrf}
      fields={{ do: "rotate", id: token.token_id }}
      label={T.rotate}
      kind="quiet"
      confirm={() => T.rotateAsk(token.name)}
      perform={async () => {
        const path = `/tokens/${encodeURIComponent(token.token_id)}/rotate`;
        made(await act<TokenMade>("POST", path, csrf));
        return "";
      }}
    />
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
