/** Parts of a summary e-mail, each as HTML and as text. Styles stand inline: mail clients drop others. */
export interface Part {
  html: string;
  text: string;
}

export type Fact = [label: string, value: string];

export interface Bar {
  label: string;
  value: number;
  /** Said after the value. */
  note: string;
}

const FONT = "font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif";
const BAR_PIXELS = 240;
const BAR_CHARACTERS = 30;
const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML shows it. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c]!);

/** A name in one line, without what could pretend to be another. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");

const label = 'style="padding:4px 16px 4px 0;color:#555;text-align:left;font-weight:normal"';
const value = 'style="padding:4px 0;text-align:left;font-weight:600"';

/** A table of labels and values. */
export function facts(rows: readonly Fact[]): Part {
  const widest = Math.max(...rows.map(([name]) => name.length));
  return {
    html: `<table role="presentation" style="border-collapse:collapse">${
      rows.map(([name, shown]) =>
        `<tr><th scope="row" ${label}>${escapeHtml(name)}</th>` +
        `<td ${value}>${escapeHtml(shown)}</td></tr>`
      ).join("")
    }</table>`,
    text: rows.map(([name, shown]) => `${name.padEnd(widest)}  ${shown}`).join("\n"),
  };
}

/** A bar for each row, made of table cells, which every mail client draws. */
export function barChart(title: string, bars: readonly Bar[]): Part {
  if (bars.length === 0) return { html: "", text: "" };
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  const widest = Math.max(...bars.map((bar) => oneLine(bar.label).length));
  const said = ({ value, note }: Bar) => `${value}${note === "" ? "" : `, ${note}`}`;
  const rows = bars.map((bar) => {
    const width = Math.round(bar.value / most * BAR_PIXELS);
    const drawn = width === 0
      ? ""
      : `<div style="width:${width}px;height:14px;background:#3b6fd4"></div>`;
    return `<tr><th scope="row" ${label}>${escapeHtml(oneLine(bar.label))}</th>` +
      `<td style="width:${BAR_PIXELS + 8}px">${drawn}</td>` +
      `<td ${value}>${escapeHtml(said(bar))}</td></tr>`;
  });
  const lines = bars.map((bar) => {
    const drawn = "#".repeat(Math.round(bar.value / most * BAR_CHARACTERS));
    return `${oneLine(bar.label).padEnd(widest)}  ${drawn.padEnd(BAR_CHARACTERS)}  ${said(bar)}`;
  });
  const heading = `<h2 style="font-size:16px;margin:24px 0 8px">${escapeHtml(title)}</h2>`;
  return {
    html: `${heading}<table style="border-collapse:collapse">${rows.join("")}</table>`,
    text: `${title}\n${lines.join("\n")}`,
  };
}

/** The whole message. */
export function page(title: string, parts: readonly Part[], footer: string): Part {
  const shown = parts.filter((part) => part.text !== "");
  return {
    html:
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${
        escapeHtml(title)
      }</title></head><body style="${FONT};font-size:14px;color:#1c1c1c;margin:24px">` +
      `<h1 style="font-size:20px;margin:0 0 16px">${escapeHtml(title)}</h1>` +
      shown.map((part) => part.html).join("") +
      `<p style="color:#555;margin-top:24px">${escapeHtml(footer)}</p></body></html>\n`,
    text: `${[title, ...shown.map((part) => part.text), footer].join("\n\n")}\n`,
  };
}
