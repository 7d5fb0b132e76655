import { keyText } from "./key_text.ts";
import type { Mutation } from "./write_set.ts";

type KeyedMutation = Exclude<Mutation, { type: "ring" }>;

/** Keys of one family, in the order in which they were touched. */
interface Family {
  list: KeyedMutation[];
  additions: boolean;
  /** Between which last parts the keys lie; null once one of them is no string. */
  range: { least: string; most: string; ranged: number } | null;
  /** Last parts of the keys, which mostly tell them apart; made only when somebody asks. */
  ends: Set<Deno.KvKeyPart | undefined>;
  ended: number;
  /** The last type of each key by its text, worked out only when somebody asks. */
  types: Map<string, Mutation["type"]>;
  indexed: number;
}

/**
 * Which keys a batch changes. Keys are kept by family, the second of three and more parts and the
 * first of two, so that most questions are answered without comparing keys: a session's entry is
 * never a job's.
 */
export class Touched {
  readonly #families = new Map<Deno.KvKeyPart, Family>();

  note(m: KeyedMutation): void {
    const name = familyOf(m.key);
    let family = this.#families.get(name);
    if (!family) {
      family = newFamily();
      this.#families.set(name, family);
    }
    family.list.push(m);
    if (m.type === "add") family.additions = true;
  }

  /** True when a key of this one's family is a count record that is added to. */
  hasAdditions(key: Deno.KvKey): boolean {
    return this.#families.get(familyOf(key))?.additions === true;
  }

  /** True when anything is added to a count record. */
  get additions(): boolean {
    for (const family of this.#families.values()) if (family.additions) return true;
    return false;
  }

  /** How this key was changed last, or undefined. */
  typeOf(key: Deno.KvKey): Mutation["type"] | undefined {
    const family = this.#families.get(familyOf(key));
    return family && types(family).get(keyText(key));
  }

  /** True when both change a key, other than by sums, whose order never matters. */
  overlaps(other: Touched): boolean {
    for (const [name, family] of this.#families) {
      const others = other.#families.get(name);
      if (!others) continue;
      if (apart(family, others) || !meet(ends(family), ends(others))) continue;
      const theirs = types(others);
      for (const [text, type] of types(family)) {
        const their = theirs.get(text);
        if (their && !(type === "sum" && their === "sum")) return true;
      }
    }
    return false;
  }
}

const familyOf = (key: Deno.KvKey): Deno.KvKeyPart => (key.length > 2 ? key[1] : key[0]) ?? "";

const newFamily = (): Family => ({
  list: [],
  additions: false,
  range: { least: "\uffff", most: "", ranged: 0 },
  ends: new Set(),
  ended: 0,
  types: new Map(),
  indexed: 0,
});

/** True when all keys of one end before those of the other: new jobs come in order. */
function apart(a: Family, b: Family): boolean {
  const one = rangeOf(a);
  const other = rangeOf(b);
  return one !== null && other !== null && (one.most < other.least || other.most < one.least);
}

function rangeOf(family: Family): Family["range"] {
  const { list, range } = family;
  if (!range) return null;
  for (; range.ranged < list.length; range.ranged++) {
    const { key } = list[range.ranged]!;
    const end = key[key.length - 1];
    if (typeof end !== "string") return family.range = null;
    if (end < range.least) range.least = end;
    if (end > range.most) range.most = end;
  }
  return range;
}

function ends(family: Family): Family["ends"] {
  for (; family.ended < family.list.length; family.ended++) {
    family.ends.add(family.list[family.ended]!.key.at(-1));
  }
  return family.ends;
}

function meet(a: Family["ends"], b: Family["ends"]): boolean {
  for (const end of a) if (b.has(end)) return true;
  return false;
}

function types(family: Family): Map<string, Mutation["type"]> {
  for (; family.indexed < family.list.length; family.indexed++) {
    const m = family.list[family.indexed]!;
    family.types.set(keyText(m.key), m.type);
  }
  return family.types;
}
