import { useRef, useState } from "preact/hooks";
import { COPY as T } from "./texts.ts";

/** A command to copy: by the button, or by hand where the browser does not allow it. */
export function CopyText({ title, text, what }: { title: string; text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  const code = useRef<HTMLPreElement>(null);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      getSelection()?.selectAllChildren(code.current!);
    }
  }
  return (
    <div class="copy">
      <h3>{title}</h3>
      <button
        type="button"
        class="button quiet needs-script"
        onClick={copy}
        aria-label={T.what(what)}
      >
        {copied ? T.done : T.go}
      </button>
      <pre ref={code} tabIndex={0} role="region" aria-label={what}>{text}</pre>
    </div>
  );
}
