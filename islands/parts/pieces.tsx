/** The small pieces that pages and islands are put together from. */
import type { ComponentChildren } from "preact";
import { ago, exact, NONE } from "./format.ts";
import { COMMON } from "./texts.ts";
import { TASK_STATUS, type Tone } from "./words.ts";
import type { TaskStatus } from "../../lib/wire/tasks.ts";

/** A state as a coloured shape with its word beside it, never the colour alone. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <svg class="shape" viewBox="0 0 10 10" aria-hidden="true">
        <path d={SHAPES[tone]} />
      </svg>
      {children}
    </span>
  );
}

const SHAPES: Record<Tone, string> = {
  ok: "M5 .5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9z",
  busy: "M1.5 .8 9.3 5 1.5 9.2z",
  warn: "M5 .6 9.8 9.2H.2z",
  bad: "M1 1h8v8H1z",
  idle: "M5 .5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9zm0 2a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5z",
};

export function StatusBadge({ status }: { status: TaskStatus }) {
  const { word, tone } = TASK_STATUS[status] ?? { word: status, tone: "idle" };
  return <Badge tone={tone}>{word}</Badge>;
}

/** "3 min ago", with the exact instant on hover. */
export function Moment({ at, now }: { at: string | undefined; now: number }) {
  if (!at) return <>{NONE}</>;
  const instant = Date.parse(at);
  return <time dateTime={at} title={exact(instant)}>{ago(instant, now)}</time>;
}

interface PanelProps {
  title: string;
  /** What stands at the right end of the title. */
  aside?: ComponentChildren;
  class?: string;
  id?: string;
  children: ComponentChildren;
}

export function Panel({ title, aside, class: extra, id, children }: PanelProps) {
  return (
    <section class={`panel ${extra ?? ""}`} id={id} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside && <div class="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

/** One figure with its name; `note` says what it means or how it compares. */
export function Figure(
  { name, value, note, tone }: {
    name: string;
    value: ComponentChildren;
    note?: ComponentChildren;
    tone?: Tone;
  },
) {
  return (
    <div class={`figure ${tone ?? ""}`}>
      <dt>{name}</dt>
      <dd>
        <span class="value">{value}</span>
        {note !== undefined && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

/** A bar of 0–100 with an optional mark where it begins to matter. */
export function Meter(
  { value, mark, tone, name }: { value: number; mark?: number; tone?: Tone; name: string },
) {
  const filled = Math.min(100, Math.max(0, value));
  return (
    <svg class={`meter ${tone ?? ""}`} role="img" aria-label={`${name} ${Math.round(value)}%`}>
      <rect class="track" width="100%" height="100%" />
      <rect class="fill" width={`${filled}%`} height="100%" />
      {mark !== undefined && <rect class="mark" x={`${mark}%`} width="1.5" height="100%" />}
    </svg>
  );
}

/** A name that may break after its joints rather than anywhere: "process_" "conversation". */
export function Name({ of }: { of: string }) {
  return (
    <>{of.split(/(?<=[_./:-])/).map((part, at) => at === 0 ? part : [<wbr key={at} />, part])}</>
  );
}

/** A sentence of which every second part is code. */
export function Prose({ parts }: { parts: readonly string[] }) {
  return <>{parts.map((part, at) => at % 2 === 1 ? <code key={at}>{part}</code> : part)}</>;
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Shown in the place of a part that could not be read. */
export function Unread({ what }: { what: string }) {
  return <p class="empty bad">{COMMON.unread(what)}</p>;
}

export interface Share {
  name: string;
  value: number;
  tone: Tone;
}

/** Parts of a whole as one bar, with a legend that has the numbers. */
export function ShareBar({ shares, name }: { shares: Share[]; name: string }) {
  const total = shares.reduce((sum, share) => sum + share.value, 0);
  let x = 0;
  return (
    <div class="shares">
      <svg class="share-bar" role="img" aria-label={name}>
        <rect class="track" width="100%" height="100%" />
        {total > 0 && shares.map((share) => {
          const width = share.value / total * 100;
          const left = x;
          x += width;
          return (
            <rect
              key={share.name}
              class={share.tone}
              x={`${left}%`}
              width={`${width}%`}
              height="100%"
            />
          );
        })}
      </svg>
      <dl class="legend">
        {shares.map((share) => (
          <div key={share.name}>
            <dt>
              <Badge tone={share.tone}>{share.name}</Badge>
            </dt>
            <dd>{share.value.toLocaleString("en")}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
