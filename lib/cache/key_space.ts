import { escapeGlob } from "./glob.ts";

const MAX_KEY_LENGTH = 1_024;

/**
 * Where our keys lie in a Redis that others use too: everything is under `<prefix>:v1:`. What the
 * cache keeps for itself starts with `~` there, so a caller's key that does so gets a second one.
 */
export class KeySpace {
  /** What every key of ours begins with. */
  readonly base: string;

  /** `oneSlot` = the prefix is a hash tag, so that all keys lie in one slot of a Cluster. */
  constructor(prefix: string, oneSlot = false) {
    // deno-lint-ignore no-control-regex -- a prefix is typed by people into redis-cli
    if (prefix === "" || prefix.length > 64 || /[\x00-\x20\x7f]/.test(prefix)) {
      throw new TypeError("the cache prefix must be 1 to 64 characters without blanks");
    }
    if (oneSlot && prefix.startsWith("}")) {
      throw new TypeError("the cache prefix cannot begin with } in a Cluster");
    }
    this.base = oneSlot ? `{${prefix}}:v1:` : `${prefix}:v1:`;
  }

  entry(key: string): string {
    return key.startsWith("~") ? `${this.base}~${key}` : this.base + key;
  }

  /** The caller's key of a stored one; null where it is not an entry of ours. */
  logical(stored: string): string | null {
    if (!stored.startsWith(this.base)) return null;
    const key = stored.slice(this.base.length);
    if (!key.startsWith("~")) return key;
    return key.startsWith("~~") ? key.slice(1) : null;
  }

  /** A SCAN pattern for all entries whose key begins with `literal`, their leases, and some more. */
  scanPattern(literal: string): string {
    return literal === ""
      ? escapeGlob(this.base) + "*"
      : `${escapeGlob(this.base)}*${escapeGlob(literal)}*`;
  }

  generation(namespace: string): string {
    return `${this.base}~g:${namespace}`;
  }

  tagGeneration(tag: string): string {
    return `${this.base}~t:${tag}`;
  }

  counts(namespace: string): string {
    return `${this.base}~c:${namespace}`;
  }

  /** Held by the process that computes an entry. */
  lease(key: string): string {
    return `${this.base}~l:${this.entry(key).slice(this.base.length)}`;
  }

  /** What has changed, of a stored key that a process was told of; null where it does not matter. */
  changed(stored: string): { kind: "entry" | "namespace" | "tag" | "lease"; name: string } | null {
    const key = this.logical(stored);
    if (key !== null) return { kind: "entry", name: key };
    const own = stored.slice(this.base.length);
    const name = own.slice(3);
    if (own.startsWith("~g:")) return { kind: "namespace", name };
    if (own.startsWith("~t:")) return { kind: "tag", name };
    if (!own.startsWith("~l:")) return null;
    const leased = this.logical(this.base + name);
    return leased === null ? null : { kind: "lease", name: leased };
  }

  /** Where changes are published when the server does not tell of them. */
  get changes(): string {
    return `${this.base}~i`;
  }

  get namespaces(): string {
    return `${this.base}~n`;
  }
}

/** What statistics and clearing go by: the part of a key before its first colon. */
export function namespaceOf(key: string): string {
  // Callers without types may give anything; such keys are refused later.
  const colon = typeof key === "string" ? key.indexOf(":") : -1;
  return colon < 0 ? "" : key.slice(0, colon);
}

/** Whether a key can be stored without being confused with another one. */
export function isUsableKey(key: string): boolean {
  return typeof key === "string" && key.length > 0 && key.length <= MAX_KEY_LENGTH &&
    key.isWellFormed();
}

/** Whether a tag can be written into a frame. */
export function isUsableTag(tag: string): boolean {
  return isUsableKey(tag) && !tag.includes("\n");
}
