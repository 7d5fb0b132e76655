/** An e-mail's words in both forms. */
export interface EmailContent {
  subject: string;
  text: string;
  html: string;
}

/** What an e-mail of the service is made of; every part is plain text and is escaped here. */
export interface Letter {
  subject: string;
  /** The one sentence that has to be read. */
  lead: string;
  /** Colour of the line above the lead. */
  tone?: "good" | "warning" | "bad" | "plain";
  /** Names and values, in order. */
  rows?: readonly (readonly [name: string, value: string])[];
  /** What can be done, each with an address. */
  links?: readonly { text: string; url: string }[];
  /** Why the reader gets this. */
  reason: string;
}

const MAX_SUBJECT = 200;
const COLOURS = { good: "#1a7f37", warning: "#9a6700", bad: "#cf222e", plain: "#57606a" };
const FONT = "font:15px/1.5 system-ui,-apple-system,Segoe UI,sans-serif";

/** A letter as subject, plain text and HTML without anything that would have to be loaded. */
export function renderLetter(letter: Letter): EmailContent {
  const { lead, tone = "plain", rows = [], links = [], reason } = letter;
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  const text = [
    lead,
    ...(rows.length > 0
      ? ["", ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`)]
      : []),
    ...(links.length > 0 ? ["", ...links.map(({ text, url }) => `${text}: ${url}`)] : []),
    "",
    "-- ",
    reason,
    "",
  ].join("\n");
  const cells = rows.map(([name, value]) =>
    `<tr><td style="padding:3px 16px 3px 0;color:#57606a">${escapeHtml(name)}</td>` +
    `<td style="padding:3px 0">${escapeHtml(value)}</td></tr>`
  ).join("");
  const anchors = links.map(({ text, url }) =>
    `<p style="margin:8px 0"><a href="${escapeHtml(url)}" style="color:#0969da">${
      escapeHtml(text)
    }</a></p>`
  ).join("");
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
    `<title>${escapeHtml(oneLine(letter.subject))}</title></head>` +
    `<body style="margin:0;padding:24px;background:#ffffff;color:#1f2328;${FONT}">` +
    `<div style="max-width:600px;border-top:4px solid ${COLOURS[tone]};padding-top:16px">` +
    `<p style="margin:0 0 16px;font-size:17px"><strong>${escapeHtml(lead)}</strong></p>` +
    (cells ? `<table style="border-collapse:collapse;${FONT}">${cells}</table>` : "") +
    anchors +
    `<p style="margin:24px 0 0;color:#57606a;font-size:13px">${escapeHtml(reason)}</p>` +
    `</div></body></html>`;
  return { subject: oneLine(letter.subject).slice(0, MAX_SUBJECT), text, html };
}

/** Text that means itself in HTML, in attributes too. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

/** A header line that a name with a line break in it cannot split. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f]+/g, " ").trim();
}
