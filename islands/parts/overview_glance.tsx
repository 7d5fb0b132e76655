/** What one looks at first at three in the morning: answers, the last failure, savings, gaps. */
import type { OverviewData } from "./page_data.ts";
import { count, duration, mean, percent } from "./format.ts";
import { Badge, Empty, Figure, Moment, Name, Panel, Unread } from "./pieces.tsx";
import { TaskAction } from "./task_actions.tsx";
import { COUNTED, OVERVIEW as T } from "./texts.ts";
import { HIDDEN } from "./words.ts";

const CONVERSATIONS = "conversations";

export function Answered({ queues }: OverviewData) {
  const queue = queues?.find(({ name }) => name === CONVERSATIONS);
  return (
    <Panel title={T.answered} class="answered">
      {!queues
        ? <Unread what={T.answered} />
        : !queue
        ? <Empty>{T.noTurns}</Empty>
        : (
          <dl class="figures three">
            <Figure
              name={T.perMinute}
              value={count(queue.throughput_per_second * 60)}
            />
            <Figure name={T.wait} value={duration(queue.latency.p95)} note={T.waitNote} />
            <Figure name={T.answer} value={duration(queue.run_time.p95)} note={T.answerNote} />
          </dl>
        )}
    </Panel>
  );
}

export function LastFailure({ failure, operator, csrf, now }: OverviewData) {
  return (
    <Panel
      title={T.failure}
      class="last-failure"
      aside={failure && <Moment at={failure.finished_at ?? failure.queued_at} now={now} />}
    >
      {failure === undefined ? <Unread what={T.failure} /> : failure === null
        ? (
          <Empty>
            <Badge tone="ok">{T.noFailure}</Badge>
          </Empty>
        )
        : (
          <>
            <p class="clamp">
              <a href={`/tasks/${encodeURIComponent(failure.task_id)}`}>
                <Name of={failure.name} />
              </a>
              : {failure.error?.message}
            </p>
            <div class="foot buttons">
              {operator && (
                <TaskAction
                  taskId={failure.task_id}
                  name={failure.name}
                  status={failure.status}
                  csrf={csrf}
                />
              )}
              <a class="button quiet" href="/tasks?status=failed">{T.allFailures}</a>
            </div>
          </>
        )}
    </Panel>
  );
}

export function Saved({ saved }: OverviewData) {
  const answers = saved?.n ? Math.round(saved.n * (saved.hit_rate ?? 0) / 100) : 0;
  const money = saved?.saved_cost ?? 0;
  return (
    <Panel title={T.saved} aside={T.savedSpan} class="saved">
      {!saved ? <Unread what={T.saved} /> : (
        <dl class="figures three">
          <Figure name={T.calls} value={count(answers)} note={T.ofAnswers(count(saved.n))} />
          <Figure name={T.time} value={duration(saved.saved_ms)} note={T.timeNote} />
          {money > 0
            ? <Figure name={T.money} value={mean(money)} note={T.moneyNote} />
            : <Figure name={T.hitRate} value={percent(saved.hit_rate)} />}
        </dl>
      )}
    </Panel>
  );
}

export function UnansweredQuestions({ unanswered, operator }: OverviewData) {
  return (
    <Panel title={T.unanswered} class="unanswered">
      {unanswered === null ? <Unread what={T.unanswered} /> : unanswered.length === 0
        ? (
          <Empty>
            <Badge tone="ok">{T.allAnswered}</Badge>
          </Empty>
        )
        : (
          <ul class="questions">
            {unanswered.map(({ question, bot_id, count: times }) => (
              <li key={bot_id + question}>
                <span class="clamp one" title={question}>{question}</span>
                <small>{bot_id}, {T.asked(COUNTED.times(times))}</small>
                {operator && question !== HIDDEN && (
                  <a class="button quiet" href={teachLink(bot_id, question)}>{T.teach}</a>
                )}
              </li>
            ))}
          </ul>
        )}
    </Panel>
  );
}

/** To the bot's page, with the question waiting for its answer. */
export const teachLink = (botId: string, question: string): string =>
  `/bots/${encodeURIComponent(botId)}?teach=${encodeURIComponent(question.slice(0, 500))}#teach`;
