import { useRef, useState } from "preact/hooks";
import type { TaskDetail, TaskQuery } from "../../lib/wire/tasks.ts";
import {
  actOnAll,
  APPLIES,
  type BulkAction,
  type BulkProgress,
  collectIds,
  MOST,
} from "../client/bulk.ts";
import { livePage } from "../client/live.ts";
import { count, counted } from "./format.ts";
import { COMMON, TASKS as T } from "./texts.ts";

interface BulkBarProps {
  rows: TaskDetail[];
  chosen: ReadonlySet<string>;
  choose: (ids: Iterable<string>) => void;
  /** There are more pages than this one. */
  more: boolean;
  query: TaskQuery;
  csrf: string;
}

type Stage =
  | { at: "rest"; said?: string; bad?: string }
  | { at: "finding"; found: number }
  | { at: "asking"; action: BulkAction; ids: string[] }
  | { at: "busy"; action: BulkAction; progress: BulkProgress };

/** Does one thing to the chosen tasks, or to all that fit; asks first, and tells how far it is. */
export function BulkBar({ rows, chosen, choose, more, query, csrf }: BulkBarProps) {
  const [stage, setStage] = useState<Stage>({ at: "rest" });
  const [everything, setEverything] = useState(false);
  const stop = useRef<AbortController | null>(null);
  const all = rows.length > 0 && rows.every((row) => chosen.has(row.task_id));
  const able = (action: BulkAction) =>
    rows.filter((row) => chosen.has(row.task_id) && APPLIES[action].has(row.status));

  async function prepare(action: BulkAction) {
    if (!everything) {
      return setStage({ at: "asking", action, ids: able(action).map((row) => row.task_id) });
    }
    const { signal } = stop.current = new AbortController();
    setStage({ at: "finding", found: 0 });
    try {
      const { cursor: _, ...filter } = query;
      const tell = (found: number) => setStage({ at: "finding", found });
      const ids = await collectIds(filter, action, tell, signal);
      setStage(signal.aborted ? { at: "rest" } : { at: "asking", action, ids });
    } catch (thrown) {
      setStage({ at: "rest", bad: (thrown as Error).message });
    }
  }
  async function perform(action: BulkAction, ids: string[]) {
    const { signal } = stop.current = new AbortController();
    setStage({ at: "busy", action, progress: { total: ids.length, done: 0, failed: 0 } });
    const tell = (progress: BulkProgress) => setStage({ at: "busy", action, progress });
    const { done, failed, reason } = await actOnAll(ids, action, csrf, tell, signal);
    const said = T.bulkDone[action](counted(done - failed, "task"));
    const bad = failed > 0 ? T.refused(count(failed), reason ?? "") : undefined;
    setStage({ at: "rest", said, bad });
    choose([]);
    setEverything(false);
    livePage.refresh();
  }

  return (
    <div class="bulk needs-script" role="group" aria-label={T.bulk}>
      <label class="check">
        <input
          type="checkbox"
          checked={all}
          ref={(box) => {
            if (box) box.indeterminate = chosen.size > 0 && !all;
          }}
          onChange={() => {
            setEverything(false);
            choose(all ? [] : rows.map((row) => row.task_id));
          }}
        />
        <span>
          {everything ? T.allThatFit : chosen.size > 0 ? T.chosen(count(chosen.size)) : T.choose}
        </span>
      </label>
      {stage.at === "rest" && (
        <>
          {all && more && !everything && (
            <button
              type="button"
              class="button quiet"
              onClick={() => setEverything(true)}
            >
              {T.chooseAll}
            </button>
          )}
          {(["retry", "cancel"] as const).map((action) => (
            <button
              key={action}
              type="button"
              class="button"
              disabled={!everything && able(action).length === 0}
              onClick={() => prepare(action)}
            >
              {T.bulkWord[action]}
            </button>
          ))}
        </>
      )}
      {stage.at === "asking" && (
        <span class="asking">
          <span>{question(stage.action, stage.ids.length)}</span>
          <button
            type="button"
            class="button danger"
            disabled={stage.ids.length === 0}
            onClick={() => perform(stage.action, stage.ids)}
          >
            {T.bulkWord[stage.action]}
          </button>
          <button type="button" class="button quiet" onClick={() => setStage({ at: "rest" })}>
            {COMMON.keep}
          </button>
        </span>
      )}
      {stage.at === "finding" && <span>{T.finding(count(stage.found))}</span>}
      {stage.at === "busy" && (
        <progress max={stage.progress.total} value={stage.progress.done} aria-label={T.bulk} />
      )}
      {(stage.at === "busy" || stage.at === "finding") && (
        <button
          type="button"
          class="button quiet"
          onClick={() => stop.current?.abort()}
        >
          {T.stop}
        </button>
      )}
      <span class="said" role="status">
        {stage.at === "busy" && T.progress(count(stage.progress.done), count(stage.progress.total))}
        {stage.at === "rest" && stage.said}{" "}
        {stage.at === "rest" && stage.bad && <span class="bad">{stage.bad}</span>}
      </span>
    </div>
  );
}

function question(action: BulkAction, n: number): string {
  const limit = n >= MOST ? ` ${T.atMost(count(MOST))}` : "";
  return n === 0 ? T.noneFits[action] : T.bulkAsk[action](counted(n, "task")) + limit;
}
