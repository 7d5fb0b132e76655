import { useRef, useState } from "preact/hooks";
import type { TaskDetail, TaskQuery } from "../../lib/wire/tasks.ts";
import {
  actOnAll,
  actOnFitting,
  APPLIES,
  type BulkAction,
  type BulkProgress,
} from "../client/bulk.ts";
import { livePage } from "../client/live.ts";
import { Failed } from "./Failed.tsx";
import { count } from "./format.ts";
import { COMMON, COUNTED, TASKS as T } from "./texts.ts";

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
  | {
    at: "rest";
    said?: string;
    bad?: string;
    thrown?: unknown;
    taskId?: string;
    /** What was cancelled just now, and can be put back. */
    undo?: string[];
  }
  | { at: "finding" }
  | { at: "asking"; action: BulkAction; ids: string[]; matching: number; capped: boolean }
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
      const ids = able(action).map((row) => row.task_id);
      return setStage({ at: "asking", action, ids, matching: ids.length, capped: false });
    }
    setStage({ at: "finding" });
    try {
      const { matching, capped } = await actOnFitting(query, action, true, csrf);
      setStage({ at: "asking", action, ids: [], matching, capped });
    } catch (thrown) {
      setStage({ at: "rest", thrown });
    }
  }
  async function perform(action: BulkAction, ids: string[]) {
    if (everything) {
      try {
        const { task_id } = await actOnFitting(query, action, false, csrf);
        end({ at: "rest", said: T.bulkStarted, taskId: task_id });
      } catch (thrown) {
        end({ at: "rest", thrown });
      }
      return;
    }
    const { signal } = stop.current = new AbortController();
    setStage({
      at: "busy",
      action,
      progress: { total: ids.length, done: 0, failed: 0, changed: [] },
    });
    const tell = (progress: BulkProgress) => setStage({ at: "busy", action, progress });
    const { failed, changed, reason } = await actOnAll(ids, action, csrf, tell, signal);
    end({
      at: "rest",
      said: T.bulkDone[action](COUNTED.tasks(changed.length)),
      bad: failed > 0 ? T.refused(count(failed), reason ?? "") : undefined,
      undo: action === "cancel" && changed.length > 0 ? changed : undefined,
    });
  }
  function end(stage: Stage) {
    setStage(stage);
    choose([]);
    setEverything(false);
    livePage.refresh(true);
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
          {(["retry", "cancel", "discard"] as const).map((action) => (
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
        <Asking
          stage={stage}
          perform={() => perform(stage.action, stage.ids)}
          leave={() => setStage({ at: "rest" })}
        />
      )}
      {stage.at === "finding" && <span>{T.finding}</span>}
      {stage.at === "busy" && (
        <>
          <progress max={stage.progress.total} value={stage.progress.done} aria-label={T.bulk} />
          <button type="button" class="button quiet" onClick={() => stop.current?.abort()}>
            {T.stop}
          </button>
        </>
      )}
      <Told stage={stage} putBack={(ids) => perform("retry", ids)} />
    </div>
  );
}

interface AskingProps {
  stage: Extract<Stage, { at: "asking" }>;
  perform: () => void;
  leave: () => void;
}

function Asking({ stage: { action, matching, capped }, perform, leave }: AskingProps) {
  return (
    <span class="asking">
      <span>{question(action, matching, capped)}</span>
      <button type="button" class="button danger" disabled={matching === 0} onClick={perform}>
        {T.bulkWord[action]}
      </button>
      <button type="button" class="button quiet" onClick={leave}>{COMMON.keep}</button>
    </span>
  );
}

/** How far it is, or what has come of it. It is there from the start, so that it is read out. */
function Told({ stage, putBack }: { stage: Stage; putBack: (ids: string[]) => void }) {
  if (stage.at === "busy") {
    const { done, total } = stage.progress;
    return <span class="said" role="status">{T.progress(count(done), count(total))}</span>;
  }
  if (stage.at !== "rest") return <span class="said" role="status"></span>;
  const { said, taskId, bad, undo, thrown } = stage;
  return (
    <span class="said" role="status">
      {said} {taskId && <a href={`/tasks/${encodeURIComponent(taskId)}`}>{T.follow}</a>}{" "}
      {bad && <span class="bad">{bad}</span>}
      {undo && (
        <button type="button" class="button quiet" onClick={() => putBack(undo)}>
          {T.putBack}
        </button>
      )}
      {thrown !== undefined && <Failed thrown={thrown} />}
    </span>
  );
}

function question(action: BulkAction, n: number, capped: boolean): string {
  if (n === 0) return T.noneFits[action];
  return T.bulkAsk[action](`${capped ? T.moreThan : ""}${COUNTED.tasks(n)}`);
}
