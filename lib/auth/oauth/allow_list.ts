import { isRole, type Role, roleCovers } from "../principal.ts";

/** Somebody as a sign-in provider knows them. */
export interface Identity {
  /** The provider's own name for them, which never changes. */
  id: string;
  /** E-mail addresses that the provider has verified, in lower case. */
  emails: string[];
  /** Organisations or groups that they belong to, in lower case. */
  organisations: string[];
}

/** Who may sign in, and as what. */
export interface AllowRule {
  kind: "email" | "domain" | "organisation";
  /** In lower case. */
  value: string;
  role: Role;
}

/**
 * Reads rules as `OAUTH_ALLOW` has them: `ann@example.com=admin`, `@example.com=viewer`,
 * `org:acme=operator`. Throws RangeError for anything else.
 */
export function readRules(texts: readonly string[]): AllowRule[] {
  return texts.map((text): AllowRule => {
    const at = text.lastIndexOf("=");
    const who = text.slice(0, at).trim().toLowerCase();
    const role = text.slice(at + 1).trim().toLowerCase();
    if (at < 1 || !isRole(role)) throw new RangeError(`${text} names no role`);
    if (who.startsWith("org:")) return { kind: "organisation", value: who.slice(4), role };
    if (who.startsWith("@")) return { kind: "domain", value: who.slice(1), role };
    return { kind: "email", value: who, role };
  });
}

/** The highest role of all rules that name somebody; null when none does. */
export function allowedRole(rules: readonly AllowRule[], identity: Identity): Role | null {
  let best: Role | null = null;
  for (const rule of rules) {
    if (names(rule, identity) && (best === null || roleCovers(rule.role, best))) best = rule.role;
  }
  return best;
}

function names({ kind, value }: AllowRule, { emails, organisations }: Identity): boolean {
  if (kind === "organisation") return organisations.includes(value);
  if (kind === "email") return emails.includes(value);
  return emails.some((email) => email.slice(email.lastIndexOf("@") + 1) === value);
}
