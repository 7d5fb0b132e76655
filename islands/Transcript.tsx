import type { Message } from "../lib/wire/conversations.ts";
import { useLivePage, useNow } from "./client/use_live.ts";
import { count, duration, mean, percent } from "./parts/format.ts";
import type { ConversationData } from "./parts/page_data.ts";
import { Badge, Figure, Moment, Panel } from "./parts/pieces.tsx";
import { CONVERSATIONS as T, COUNTED, SOURCE } from "./parts/texts.ts";
import { CONVERSATION_STATUS, type Tone } from "./parts/words.ts";

/** One conversation: who spoke with whom, how it stands, and every message with how it came. */
export default function Transcript(rendered: ConversationData) {
  const data = useLivePage(rendered);
  const now = useNow(data.now);
  const { conversation } = data;
  const { word, tone } = CONVERSATION_STATUS[conversation.status]!;
  const lasted = Date.parse(conversation.updated_at) - Date.parse(conversation.started_at);
  const waits = conversation.status === "pending" || conversation.status === "processing";
  return (
    <div class="task">
      <header class="title">
        <div>
          <h1>{conversation.conversation_id}</h1>
          <p>
            <Badge tone={tone}>{word}</Badge>
          </p>
        </div>
      </header>
      <section class="panel strip" aria-label={T.head.id}>
        <dl class="figures">
          <Figure
            name={T.bot}
            value={
              <a href={`/bots/${encodeURIComponent(conversation.bot_id)}`}>{conversation.bot_id}</a>
            }
          />
          <Figure name={T.user} value={conversation.user_id} />
          <Figure name={T.started} value={<Moment at={conversation.started_at} now={now} />} />
          <Figure name={T.duration} value={duration(lasted)} />
          <Figure
            name={T.satisfaction}
            value={mean(conversation.satisfaction_score)}
            note={conversation.satisfaction_score === undefined ? T.noScore : undefined}
          />
        </dl>
      </section>
      <Panel title={T.transcript} aside={COUNTED.messages(conversation.messages.length)}>
        <ol class="transcript">
          {conversation.messages.map((message, at) => (
            <Said key={at} message={message} before={conversation.messages[at - 1]} now={now} />
          ))}
          {conversation.handoff_reason && (
            <Noted name={T.handedOver} text={conversation.handoff_reason} />
          )}
          {conversation.comment && <Noted name={T.comment} text={conversation.comment} />}
          {waits && (
            <li class="assistant">
              <p class="muted">{T.waiting}</p>
            </li>
          )}
        </ol>
      </Panel>
    </div>
  );
}

const SOURCE_TONE: Record<string, Tone> = {
  knowledge: "ok",
  intent: "ok",
  llm: "busy",
  none: "warn",
};

/** What was said of the conversation, not in it. */
function Noted({ name, text }: { name: string; text: string }) {
  return (
    <li class="user">
      <p class="who">
        <b>{name}</b>
      </p>
      <p class="text">{text}</p>
    </li>
  );
}

function Said({ message, before, now }: { message: Message; before?: Message; now: number }) {
  const { role, source, task_id, error } = message;
  return (
    <li class={role}>
      <p class="who">
        <b>{role === "user" ? T.user : T.bot}</b> <Moment at={message.at} now={now} />
      </p>
      <p class="text">{message.content}</p>
      {error && (
        <p class="how">
          <Badge tone="bad">{T.failed}</Badge> {error.message}
        </p>
      )}
      {source && (
        <p class="how">
          <Badge tone={SOURCE_TONE[source] ?? "idle"}>{SOURCE[source] ?? source}</Badge>
          {facts(message, before).map((fact) => <span key={fact}>{fact}</span>)}
          {task_id && <a href={`/tasks/${encodeURIComponent(task_id)}`}>{T.task}</a>}
        </p>
      )}
    </li>
  );
}

/** How an answer came to be, in words: sureness, time, cache, model, tokens, cost. */
function facts(message: Message, before: Message | undefined): string[] {
  const { score, cached, latency_ms, model, tokens, cost_micros } = message;
  const told: string[] = [];
  if (score !== undefined) told.push(T.sure(percent(score * 100)));
  const took = before?.role === "user"
    ? Date.parse(message.at) - Date.parse(before.at)
    : latency_ms;
  if (took !== undefined) told.push(T.answeredIn(duration(took)));
  if (cached) told.push(T.cached);
  if (model) told.push(model);
  if (tokens) told.push(`${tokens.estimated ? "~" : ""}${T.tokens(count(tokens.total))}`);
  if (cost_micros !== undefined) told.push(T.cost((cost_micros / 1e6).toFixed(4)));
  return told;
}
