/** A labelled message of a public data set. */
export interface Example {
  text: string;
  label: string;
}

/** Examples to teach, others to ask, and messages that belong to no label. */
export interface Split {
  taught: Example[];
  asked: Example[];
  offTopic: Example[];
}

/** Messages held back of each label, as BANKING77's own test part has them: 40, or a fifth. */
const HELD_BACK = { most: 40, share: 0.2 };

/** BANKING77's training file (`text,category`, plain or .gz), split by label. */
export async function readBanking77(path: string, random: () => number): Promise<Split> {
  const [, ...rows] = parseCsv(await readText(path));
  const examples = rows.filter((row) => row.length >= 2)
    .map(([text, label]) => ({ text: text!, label: label! }));
  const taught: Example[] = [], asked: Example[] = [];
  for (const group of byLabel(shuffled(examples, random)).values()) {
    const away = Math.min(HELD_BACK.most, Math.floor(group.length * HELD_BACK.share));
    asked.push(...group.slice(0, away));
    taught.push(...group.slice(away));
  }
  return { taught, asked, offTopic: [] };
}

/** CLINC150's training and validation parts (JSON, plain or .gz): taught is `train`. */
export async function readClinc150(path: string): Promise<Split> {
  const parts = JSON.parse(await readText(path)) as Record<string, [string, string][]>;
  const examples = (part: string) => (parts[part] ?? []).map(([text, label]) => ({ text, label }));
  return {
    taught: examples("train"),
    asked: examples("val"),
    offTopic: [...examples("oos_val"), ...examples("oos_train")],
  };
}

/** The first `count` examples of each label after a shuffle. */
export function draw(examples: Example[], count: number, random: () => number): Example[] {
  return [...byLabel(shuffled(examples, random)).values()].flatMap((group) =>
    group.slice(0, count)
  );
}

export function byLabel(examples: Example[]): Map<string, Example[]> {
  return Map.groupBy(examples, (example) => example.label);
}

function shuffled<T>(items: T[], random: () => number): T[] {
  return items.map((item) => ({ item, at: random() })).sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

async function readText(path: string): Promise<string> {
  const file = await Deno.open(path);
  const plain = path.endsWith(".gz")
    ? file.readable.pipeThrough(new DecompressionStream("gzip"))
    : file.readable;
  return await new Response(plain).text();
}

function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  let row: string[] = [];
  for (let found; (found = field.exec(text)) && field.lastIndex <= text.length;) {
    row.push(found[1]?.replaceAll('""', '"') ?? found[2]!);
    if (found[3] !== ",") {
      rows.push(row);
      row = [];
    }
    if (field.lastIndex === text.length) break;
  }
  return rows;
}
