/** Kinds of reasons for which Redis is not asked: few, so that metrics may be labelled by them. */
export const OUTAGE_KINDS = [
  "starting",
  "timeout",
  "connection",
  "authentication",
  "tls",
  "full",
  "readonly",
  "loading",
  "unsent",
  "other",
] as const;
export type OutageKind = typeof OUTAGE_KINDS[number];

/** In this order: what a server says of itself tells more than that the connection has gone. */
const SIGNS: [OutageKind, RegExp][] = [
  ["starting", /^not connected yet/],
  ["unsent", /could not be deleted/],
  ["authentication", /\b(WRONGPASS|NOAUTH|NOPERM)\b|password/i],
  ["full", /\bOOM\b/],
  ["readonly", /\b(READONLY|MOVED|ASK|MASTERDOWN|CLUSTERDOWN|NOREPLICAS)\b/],
  ["loading", /\b(LOADING|BUSY)\b/],
  ["timeout", /timed? ?out|ETIMEDOUT|no answer/i],
  ["tls", /certificate|\bTLS\b|\bSSL\b/i],
  ["connection", /connect|closed|writeable|E(CONN|PIPE|HOST|NET|NOTFOUND|AI_)/i],
];

/** The kind of a breaker's reason; null where there is none, because Redis is asked. */
export function outageKind(reason: string | null): OutageKind | null {
  if (reason === null) return null;
  return SIGNS.find(([, sign]) => sign.test(reason))?.[0] ?? "other";
}
