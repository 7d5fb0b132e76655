import type { ConversationRow } from "../lib/wire/conversations.ts";
import { useLivePage, useNow } from "./client/use_live.ts";
import { mean, NONE } from "./parts/format.ts";
import { useLiveRows } from "./parts/live_rows.tsx";
import type { ConversationListData } from "./parts/page_data.ts";
import { Badge, Empty, Moment } from "./parts/pieces.tsx";
import { CONVERSATIONS as T, COUNTED } from "./parts/texts.ts";
import { CONVERSATION_STATUS } from "./parts/words.ts";

/** The conversations of one page, newest first. */
export default function ConversationList(rendered: ConversationListData) {
  const data = useLivePage(rendered);
  const now = useNow(data.now);
  const { rows, news } = useLiveRows(
    rendered.page.conversations,
    data.page.conversations,
    (row) => row.conversation_id,
    COUNTED.newerConversations,
  );
  if (rows.length === 0) return <Empty>{T.empty}</Empty>;
  return (
    <>
      {news}
      <table class="rows conversations">
        <thead>
          <tr>
            <th scope="col">{T.head.id}</th>
            <th scope="col">{T.head.status}</th>
            <th scope="col" class="wide">{T.head.bot}</th>
            <th scope="col" class="wide">{T.head.user}</th>
            <th scope="col" class="number wide">{T.head.turns}</th>
            <th scope="col" class="number wide">{T.satisfaction}</th>
            <th scope="col" class="number">{T.started}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => <Row key={row.conversation_id} row={row} now={now} />)}
        </tbody>
      </table>
    </>
  );
}

function Row({ row, now }: { row: ConversationRow & { gone?: boolean }; now: number }) {
  return (
    <tr class={row.gone ? "gone" : undefined}>
      <td>
        <a href={`/conversations/${encodeURIComponent(row.conversation_id)}`}>
          {row.conversation_id}
        </a>
        {row.imported && <small>{T.imported}</small>}
        <small class="narrow">{row.bot_id}</small>
      </td>
      <td>
        <ConversationBadge status={row.status} />
      </td>
      <td class="wide">
        <a href={`/bots/${encodeURIComponent(row.bot_id)}`}>{row.bot_id}</a>
      </td>
      <td class="wide">{row.user_id}</td>
      <td class="number wide">{row.turns > 0 ? row.turns : NONE}</td>
      <td class="number wide">{mean(row.satisfaction_score)}</td>
      <td class="number">
        <Moment at={row.started_at} now={now} />
      </td>
    </tr>
  );
}

function ConversationBadge({ status }: { status: string }) {
  const { word, tone } = CONVERSATION_STATUS[status] ?? { word: status, tone: "idle" as const };
  return <Badge tone={tone}>{word}</Badge>;
}
