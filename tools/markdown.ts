/** Links of a Markdown text, those in code and comments left out. */
export function linksOf(markdown: string): { target: string; line: number }[] {
  const links: { target: string; line: number }[] = [];
  for (const [index, line] of proseOf(markdown).split("\n").entries()) {
    for (const match of line.matchAll(/!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)) {
      links.push({ target: match[1]!, line: index + 1 });
    }
    const reference = /^\s*\[[^\]]+\]:\s*(\S+)/.exec(line);
    if (reference) links.push({ target: reference[1]!, line: index + 1 });
  }
  return links;
}

/** The anchors that a Markdown text offers: its headings, as GitHub writes them. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  const used = new Map<string, number>();
  for (const line of proseOf(markdown, { keepInlineCode: true }).split("\n")) {
    const heading = /^#{1,6}\s+(.+?)\s*#*$/.exec(line)?.[1];
    if (!heading) continue;
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = text.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    const before = used.get(slug) ?? 0;
    used.set(slug, before + 1);
    anchors.add(before === 0 ? slug : `${slug}-${before}`);
  }
  for (const match of markdown.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(match[1]!);
  return anchors;
}

function proseOf(markdown: string, options: { keepInlineCode?: boolean } = {}): string {
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  const prose = markdown.replace(/^( *)(```+|~~~+)[\s\S]*?^\1\2.*$/gm, blank)
    .replace(/<!--[\s\S]*?-->/g, blank);
  return options.keepInlineCode ? prose : prose.replace(/`[^`\n]*`/g, blank);
}
