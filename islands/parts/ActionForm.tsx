import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { livePage } from "../client/live.ts";
import { Failed } from "./Failed.tsx";
import { COMMON } from "./texts.ts";

interface ActionFormProps {
  /** Where the plain form goes when there is no script. */
  action: string;
  csrf: string;
  /** Hidden fields of the plain form. */
  fields: Record<string, string>;
  label: string;
  /**
   * What will happen, asked before it does, found out if need be; absent = it happens at once.
   * `instead` is said where there is nothing to do.
   */
  confirm?: (form: FormData) => string | Promise<string | { instead: string }>;
  /** Does it, and says in words what happened. */
  perform: (form: FormData) => Promise<ComponentChildren>;
  kind?: "primary" | "danger" | "quiet";
  class?: string;
  /** Inputs of the form. */
  children?: ComponentChildren;
}

type Stage =
  | { at: "rest" }
  /** `about`: what the form held; once it holds something else, it is asked again. */
  | { at: "asking"; question: string; about: string }
  | { at: "busy" }
  | { at: "done"; said: ComponentChildren }
  | { at: "failed"; thrown: unknown };

/** A form that works without a script, and with one asks first and tells here how it went. */
export function ActionForm(props: ActionFormProps) {
  const [stage, setStage] = useState<Stage>({ at: "rest" });
  const form = useRef<HTMLFormElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), [stage.at === "asking"]);

  async function submit(event: Event) {
    event.preventDefault();
    const given = new FormData(form.current!);
    const about = JSON.stringify([...given]);
    try {
      if (props.confirm && !(stage.at === "asking" && stage.about === about)) {
        const found = props.confirm(given);
        if (typeof found !== "string") setStage({ at: "busy" });
        const question = await found;
        return setStage(
          typeof question === "string"
            ? { at: "asking", question, about }
            : { at: "done", said: question.instead },
        );
      }
      setStage({ at: "busy" });
      setStage({ at: "done", said: await props.perform(given) });
      livePage.refresh(true);
    } catch (thrown) {
      setStage({ at: "failed", thrown });
    }
  }

  return (
    <form
      ref={form}
      class={`action ${props.class ?? ""}`}
      method="post"
      action={props.action}
      onSubmit={submit}
    >
      <input type="hidden" name="csrf" value={props.csrf} />
      {Object.entries(props.fields).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      {props.children}
      <button
        type="submit"
        class={`button ${props.kind ?? ""}`}
        disabled={stage.at === "busy"}
        hidden={stage.at === "asking"}
      >
        {stage.at === "busy" ? COMMON.working : props.label}
      </button>
      {stage.at === "asking" && (
        <span class="asking">
          <span>{stage.question}</span>
          <button type="submit" class="button danger">{props.label}</button>
          <button
            ref={keep}
            type="button"
            class="button quiet"
            onClick={() => setStage({ at: "rest" })}
          >
            {COMMON.keep}
          </button>
        </span>
      )}
      <span class="said" role="status">
        {stage.at === "done" && stage.said}
        {stage.at === "failed" && <Failed thrown={stage.thrown} />}
      </span>
    </form>
  );
}
