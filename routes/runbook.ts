import { escapeHtml } from "../lib/notifications/template.ts";

const FILE = new URL("../docs/runbook.md", import.meta.url);

let page: string | undefined;

/** The runbook as a page of its own, which needs neither a session nor a script. */
export async function runbookPage(nonce: string): Promise<Response> {
  page ??= renderRunbook(await Deno.readTextFile(FILE));
  const html = page.replace("<style>", `<style nonce="${nonce}">`);
  return new Response(html, {
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" },
  });
}

const STYLE =
  `:root{color-scheme:light dark}body{max-width:44rem;margin:2rem auto;padding:0 1rem;` +
  `font:16px/1.6 system-ui,sans-serif}pre{overflow:auto;padding:1rem;background:light-dark(#f3f4f6,#1f2328)}` +
  `h3{margin-top:3rem}h3:target{outline:2px solid currentColor;outline-offset:6px}`;

/** Headings with their anchors, paragraphs, code, bold and links: what the runbook is written in. */
export function renderRunbook(markdown: string): string {
  const parts = markdown.split(/\n{2,}/).map((block) => {
    const code = /^```\w*\n([\s\S]*?)\n```$/.exec(block.trim())?.[1];
    if (code !== undefined) return `<pre><code>${escapeHtml(code)}</code></pre>`;
    const heading = /^(#{1,3}) (.+)$/.exec(block.trim());
    if (!heading) return `<p>${inline(block.trim())}</p>`;
    const [, marks, text] = heading;
    const level = marks!.length;
    return `<h${level} id="${anchor(text!)}">${inline(text!)}</h${level}>`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Runbook</title>` +
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>` +
    `<body><main>${parts.join("\n")}</main></body></html>`;
}

/** As GitHub writes it. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\w\s-]/g, "").replaceAll(/\s/g, "-");
}

function inline(text: string): string {
  return escapeHtml(text)
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
    .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replaceAll(/\[([^\]]+)\]\((#[^)]+)\)/g, '<a href="$2">$1</a>')
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1"); // other documents are not served
}
