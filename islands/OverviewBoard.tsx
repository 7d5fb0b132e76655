import type { CleanupStarted } from "../lib/wire/system.ts";
import { act } from "./client/api.ts";
import { useLivePage, useNow } from "./client/use_live.ts";
import { ClearCache } from "./parts/ClearCache.tsx";
import { ActionForm } from "./parts/ActionForm.tsx";
import { DemoBar } from "./parts/DemoBar.tsx";
import { FirstConversation } from "./parts/FirstConversation.tsx";
import { headline } from "./parts/headline.ts";
import {
  ActiveTasks,
  CacheFigures,
  Machine,
  Queues,
  Services,
  Talks,
} from "./parts/overview_panels.tsx";
import { Answered, LastFailure, Saved, UnansweredQuestions } from "./parts/overview_glance.tsx";
import type { OverviewData } from "./parts/page_data.ts";
import { Badge, Panel, Unread } from "./parts/pieces.tsx";
import { Score } from "./parts/Score.tsx";
import { CACHE, OVERVIEW as T, PAGES } from "./parts/texts.ts";
import { asWords, CLEANUP } from "./parts/words.ts";

/** The Overview: how it stands, what it does, and the few things one does from here. */
export default function OverviewBoard(rendered: OverviewData) {
  const data = useLivePage(rendered);
  const now = useNow(data.now);
  const { tone, title, work } = headline(data);
  const empty = data.summary?.conversation_metrics.total_conversations === 0;
  return (
    <div class="overview">
      {data.demo && <DemoBar demo={data.demo} csrf={data.csrf} />}
      <section class={`headline ${tone}`} aria-label={T.standing}>
        <div>
          <h1>{title}</h1>
          <p>{work}</p>
        </div>
      </section>
      {empty ? <FirstConversation origin={data.origin} /> : (
        <div class="glance">
          <Answered {...data} now={now} />
          <LastFailure {...data} now={now} />
          <Saved {...data} />
          <UnansweredQuestions {...data} />
        </div>
      )}
      <section class="panel score-panel" aria-label={T.scoreLabel}>
        {data.summary ? <Score summary={data.summary} /> : <Unread what={T.theScore} />}
      </section>
      <Machine health={data.health} history={data.history} />
      {!empty && <Talks summary={data.summary} />}
      <ActiveTasks active={data.active} now={now} />
      <Queues queues={data.queues} />
      <Services health={data.health} />
      <CachePanel {...data} />
      {data.operator && <Maintenance csrf={data.csrf} />}
    </div>
  );
}

function CachePanel({ cache, csrf, operator }: OverviewData) {
  if (!cache) {
    return (
      <Panel title={PAGES["/cache"]}>
        <Unread what={PAGES["/cache"]} />
      </Panel>
    );
  }
  const standing = cache.connected
    ? <Badge tone="ok">{cache.backend === "redis" ? CACHE.tier.redis : CACHE.embedded}</Badge>
    : <Badge tone="bad">{CACHE.away}</Badge>;
  return (
    <Panel title={PAGES["/cache"]} aside={standing} class="cache">
      <div class="split">
        <CacheFigures cache={cache} />
        {operator && <ClearCache csrf={csrf} />}
      </div>
    </Panel>
  );
}

function Maintenance({ csrf }: { csrf: string }) {
  return (
    <Panel title={T.cleanUp} class="maintenance">
      <ActionForm
        action="/"
        csrf={csrf}
        fields={{ do: "clean-up" }}
        label={T.cleanUpGo}
        class="line"
        confirm={(form) => {
          const type = String(form.get("cleanup_type")) as keyof typeof CLEANUP;
          return T.cleanUpAsk(CLEANUP[type].does);
        }}
        perform={async (form) => {
          const body = { cleanup_type: form.get("cleanup_type") };
          const done = await act<CleanupStarted>("POST", "/maintenance/cleanup", csrf, body);
          return (
            <>
              {T.cleanUpStarted}{" "}
              {done.cleanup_tasks.map(({ type, task_id }, at) => (
                <span key={task_id}>
                  {at > 0 && ", "}
                  <a href={`/tasks/${encodeURIComponent(task_id)}`}>{asWords(type)}</a>
                </span>
              ))}
            </>
          );
        }}
      >
        <label class="field">
          <span>{T.cleanUpWhat}</span>
          <select name="cleanup_type">
            {Object.entries(CLEANUP).map(([type, { word }]) => (
              <option key={type} value={type}>{word}</option>
            ))}
          </select>
        </label>
      </ActionForm>
    </Panel>
  );
}
