import { useState } from "preact/hooks";
import type { TurnQueued } from "../lib/wire/conversations.ts";
import { act } from "./client/api.ts";
import { duration, percent } from "./parts/format.ts";
import { Failed } from "./parts/Failed.tsx";
import { Badge, Panel } from "./parts/pieces.tsx";
import { BOTS as T, CONVERSATIONS, SOURCE } from "./parts/texts.ts";

interface Exchange {
  message: string;
  turn?: TurnQueued;
  /** What kept it from being asked. */
  thrown?: unknown;
}

interface BotTrialProps {
  botId: string;
  csrf: string;
  tried: { message: string; turn: TurnQueued } | null;
}

const WAIT_SECONDS = 20;

/** Talks with a bot, in a conversation like any other. */
export default function BotTrial({ botId, csrf, tried }: BotTrialProps) {
  const [talk, setTalk] = useState<Exchange[]>(tried ? [tried] : []);
  const [conversation, setConversation] = useState("");
  const [busy, setBusy] = useState(false);

  async function ask(event: SubmitEvent) {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const message = String(new FormData(form).get("message")).trim();
    if (!message || busy) return;
    const conversationId = conversation || `try-${crypto.randomUUID()}`;
    setConversation(conversationId);
    setBusy(true);
    const said = [...talk, { message }];
    setTalk(said);
    const answered = (answer: Partial<Exchange>) => setTalk([...talk, { message, ...answer }]);
    try {
      const body = { conversation_id: conversationId, bot_id: botId, user_message: message };
      const headers = { prefer: `wait=${WAIT_SECONDS}` };
      answered({
        turn: await act<TurnQueued>("POST", "/conversations/queue", csrf, body, headers),
      });
      form.reset();
    } catch (thrown) {
      answered({ thrown });
    }
    setBusy(false);
  }

  return (
    <Panel title={T.try} class="trial">
      <ol class="transcript" aria-live="polite">
        {talk.map((exchange, at) => <Said key={at} {...exchange} />)}
      </ol>
      <form method="post" action={`/bots/${encodeURIComponent(botId)}`} class="line" onSubmit={ask}>
        <input type="hidden" name="csrf" value={csrf} />
        <input type="hidden" name="do" value="try" />
        <label class="field">
          <span>{T.tryLabel}</span>
          <input name="message" maxLength={16_000} required autocomplete="off" />
        </label>
        <button type="submit" class="button" disabled={busy}>{T.ask}</button>
      </form>
      <p class="muted foot">
        {T.tryNote}{" "}
        {conversation && (
          <a href={`/conversations/${encodeURIComponent(conversation)}`}>{T.conversation}</a>
        )}
      </p>
    </Panel>
  );
}

function Said({ message, turn, thrown }: Exchange) {
  const result = turn?.result;
  return (
    <>
      <li class="user">
        <p class="text">{message}</p>
      </li>
      <li class="assistant">
        {result
          ? (
            <>
              <p class="text">{result.response}</p>
              <p class="how">
                <Badge tone={result.source === "none" ? "warn" : "ok"}>
                  {SOURCE[result.source] ?? result.source}
                </Badge>
                {result.intent && <span>{result.intent}</span>}
                <span>{CONVERSATIONS.sure(percent(result.score * 100))}</span>
                <span>{duration(result.latency_ms)}</span>
                {result.cached && <span>{CONVERSATIONS.cached}</span>}
              </p>
            </>
          )
          : thrown
          ? (
            <p>
              <Failed thrown={thrown} />
            </p>
          )
          : turn?.error
          ? <p class="bad">{turn.error.message}</p>
          : <p class="muted">{turn ? T.slow : T.asking}</p>}
      </li>
    </>
  );
}
