import { useRef, useState } from "preact/hooks";

/** A command to copy: by the button, or by hand where the browser does not allow it. */
export function CopyText({ text, what }: { text: string; what: string }) {
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
      <pre ref={code} tabIndex={0} aria-label={what}>{text}</pre>
      <button type="button" class="button needs-script" onClick={copy} aria-label={`Copy ${what}`}>
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
