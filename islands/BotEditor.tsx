import { useEffect, useRef, useState } from "preact/hooks";
import type { Bot } from "../lib/wire/bots.ts";
import { act } from "./client/api.ts";
import { type Draft, toInput } from "./parts/bot_draft.ts";
import { Failed } from "./parts/Failed.tsx";
import { Intents, Knowledge } from "./parts/bot_fields.tsx";
import type { BotData } from "./parts/page_data.ts";
import { Panel } from "./parts/pieces.tsx";
import { BOTS as T, COMMON } from "./parts/texts.ts";

type Saving =
  | { at: "rest" | "busy" }
  | { at: "done"; said: string }
  | { at: "failed"; thrown: unknown };

/** What a bot knows: reading it without scripts, changing all of it with them. */
export default function BotEditor({ botId, bot, operator, csrf, teach }: BotData) {
  const [kept, setKept] = useState<Draft>(() => toInput(botId, bot));
  const [draft, setDraft] = useState(kept);
  const [awake, setAwake] = useState(false);
  const [saving, setSaving] = useState<Saving>({ at: "rest" });
  const answer = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    setAwake(true);
    if (teach) answer.current?.focus();
  }, []);
  const change = (part: Partial<Draft>) => {
    setDraft({ ...draft, ...part });
    setSaving({ at: "rest" });
  };

  async function save(wanted: Draft, said: (bot: Bot) => string) {
    setSaving({ at: "busy" });
    try {
      const path = `/bots/${encodeURIComponent(botId)}`;
      const saved = await act<{ bot: Bot }>("PUT", path, csrf, wanted);
      setKept(wanted);
      setDraft(wanted);
      setSaving({ at: "done", said: said(saved.bot) });
      return true;
    } catch (thrown) {
      setSaving({ at: "failed", thrown });
      return false;
    }
  }
  async function teachOne(event: SubmitEvent) {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const entry = { question: String(given.get("question")), answer: String(given.get("answer")) };
    const wanted = { ...draft, knowledge: [entry, ...draft.knowledge] };
    if (await save(wanted, () => T.taught)) form.reset();
  }

  const editable = operator && awake;
  return (
    <div class="editor">
      {operator && (
        <Panel title={T.teach} id="teach">
          <form method="post" action={`/bots/${encodeURIComponent(botId)}`} onSubmit={teachOne}>
            <input type="hidden" name="csrf" value={csrf} />
            <input type="hidden" name="do" value="teach" />
            <label class="field">
              <span>{T.question}</span>
              <input name="question" maxLength={2_000} defaultValue={teach} required />
            </label>
            <label class="field">
              <span>{T.answer}</span>
              <textarea ref={answer} name="answer" maxLength={16_000} rows={3} required />
            </label>
            <button type="submit" class="button primary" disabled={saving.at === "busy"}>
              {T.teachGo}
            </button>
          </form>
        </Panel>
      )}
      <Panel title={T.instructions}>
        {editable
          ? <Basics draft={draft} change={change} />
          : <p class="text">{draft.instructions ?? COMMON.noValue}</p>}
      </Panel>
      <Knowledge draft={draft} change={change} editable={editable} />
      <Intents draft={draft} change={change} editable={editable} />
      {!operator && <p class="muted">{T.readOnly}</p>}
      {editable && (
        <p class="save-bar" role="status">
          <button
            type="button"
            class="button primary"
            disabled={draft === kept || saving.at === "busy"}
            onClick={() => save(draft, (saved) => T.saved(String(saved.version)))}
          >
            {saving.at === "busy" ? COMMON.working : COMMON.save}
          </button>
          {saving.at === "done" && <span>{saving.said}</span>}
          {saving.at === "failed" && <Failed thrown={saving.thrown} />}
          {(saving.at === "rest" || saving.at === "busy") && draft !== kept && (
            <span class="muted">{T.unsaved}</span>
          )}
        </p>
      )}
    </div>
  );
}

function Basics({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  return (
    <div class="basics">
      <label class="field">
        <span>{T.name}</span>
        <input
          value={draft.name}
          maxLength={200}
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>{T.model}</span>
        <input
          value={draft.model ?? ""}
          maxLength={200}
          placeholder={T.modelNote}
          onInput={(event) => change({ model: event.currentTarget.value || null })}
        />
      </label>
      <label class="field">
        <span>{T.sharing}</span>
        <select
          value={draft.cache ?? ""}
          onChange={(event) =>
            change({ cache: (event.currentTarget.value || null) as Draft["cache"] })}
        >
          {Object.entries(T.share).map(([scope, words]) => (
            <option key={scope} value={scope}>{words}</option>
          ))}
        </select>
      </label>
      <label class="field full">
        <span>{T.instructionsNote}</span>
        <textarea
          rows={3}
          maxLength={64_000}
          value={draft.instructions ?? ""}
          onInput={(event) => change({ instructions: event.currentTarget.value || null })}
        />
      </label>
    </div>
  );
}
