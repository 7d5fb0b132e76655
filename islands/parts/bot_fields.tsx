import { useState } from "preact/hooks";
import { type Draft, matching } from "./bot_draft.ts";
import { count } from "./format.ts";
import { Empty, Panel } from "./pieces.tsx";
import { BOTS as T, COMMON } from "./texts.ts";

interface FieldsProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  editable: boolean;
}

/** However much a bot knows, the page shows this much of it at once. */
const SHOWN = 30;

/** Questions with their answers. */
export function Knowledge({ draft: { knowledge }, change, editable }: FieldsProps) {
  const [wanted, setWanted] = useState("");
  const found = matching(knowledge.map((one) => `${one.question}\n${one.answer}`), wanted);
  const set = (at: number, part: Partial<typeof knowledge[number]>) =>
    change({ knowledge: knowledge.map((one, i) => i === at ? { ...one, ...part } : one) });
  return (
    <Panel title={T.knowledge} aside={count(knowledge.length)} class="knowledge">
      <Find found={found.length} all={knowledge.length} search={setWanted} />
      {knowledge.length === 0 && <Empty>{COMMON.noValue}</Empty>}
      <ul class="entries">
        {found.slice(0, SHOWN).map((at) => {
          const { question, answer } = knowledge[at]!;
          if (!editable) {
            return (
              <li key={at}>
                <b>{question}</b>
                <p>{answer}</p>
              </li>
            );
          }
          return (
            <li key={at} class="editing">
              <input
                aria-label={T.question}
                value={question}
                maxLength={2_000}
                onInput={(event) => set(at, { question: event.currentTarget.value })}
              />
              <textarea
                aria-label={T.answer}
                rows={2}
                value={answer}
                maxLength={16_000}
                onInput={(event) => set(at, { answer: event.currentTarget.value })}
              />
              <Remove
                label={T.removeEntry(question)}
                remove={() => change({ knowledge: knowledge.filter((_, i) => i !== at) })}
              />
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

/** What users mean, by examples. */
export function Intents({ draft: { intents }, change, editable }: FieldsProps) {
  const [wanted, setWanted] = useState("");
  const texts = intents.map((one) => `${one.name}\n${one.answer}\n${one.examples.join("\n")}`);
  const found = matching(texts, wanted);
  const set = (at: number, part: Partial<typeof intents[number]>) =>
    change({ intents: intents.map((one, i) => i === at ? { ...one, ...part } : one) });
  return (
    <Panel title={T.intents} aside={count(intents.length)} class="intents">
      <Find found={found.length} all={intents.length} search={setWanted} />
      {intents.length === 0 && <Empty>{COMMON.noValue}</Empty>}
      <ul class="entries">
        {found.slice(0, SHOWN).map((at) => {
          const { name, examples, answer } = intents[at]!;
          if (!editable) {
            return (
              <li key={at}>
                <b>{name}</b>
                <p>{answer}</p>
                <small>{examples.slice(0, 5).join(" · ")}</small>
              </li>
            );
          }
          return (
            <li key={at} class="editing">
              <input
                aria-label={T.intent}
                value={name}
                maxLength={200}
                onInput={(event) => set(at, { name: event.currentTarget.value })}
              />
              <textarea
                aria-label={T.examples}
                placeholder={T.examples}
                rows={3}
                value={examples.join("\n")}
                onInput={(event) => set(at, { examples: event.currentTarget.value.split("\n") })}
                onBlur={() => set(at, { examples: examples.filter((one) => one.trim()) })}
              />
              <textarea
                aria-label={T.answer}
                placeholder={T.answer}
                rows={2}
                value={answer}
                maxLength={16_000}
                onInput={(event) => set(at, { answer: event.currentTarget.value })}
              />
              <Remove
                label={T.removeIntent(name)}
                remove={() => change({ intents: intents.filter((_, i) => i !== at) })}
              />
            </li>
          );
        })}
      </ul>
      {editable && (
        <button
          type="button"
          class="button"
          onClick={() => change({ intents: [{ name: "", examples: [], answer: "" }, ...intents] })}
        >
          {T.addIntent}
        </button>
      )}
    </Panel>
  );
}

function Find(
  { found, all, search }: { found: number; all: number; search: (text: string) => void },
) {
  if (all <= SHOWN) return null;
  return (
    <label class="field needs-script">
      <span>{found > SHOWN ? T.shown(count(SHOWN), count(found)) : T.filter}</span>
      <input type="search" onInput={(event) => search(event.currentTarget.value)} />
    </label>
  );
}

function Remove({ label, remove }: { label: string; remove: () => void }) {
  return (
    <button type="button" class="button quiet" aria-label={label} title={label} onClick={remove}>
      ×
    </button>
  );
}
