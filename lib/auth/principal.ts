import { type Role, ROLES } from "../wire/envelope.ts";

export type { Role };

/** Where a principal's rights come from. */
export type Source = "bootstrap" | "jwt" | "link" | "oauth" | "token";

/** Who makes a request, and what they may do. */
export interface Principal {
  /**
   * Stable name for limits, idempotency keys and the audit log: `admin`, `jwt:<subject>`, `oauth:<subject>`,
   * `token:<id>`.
   */
  readonly id: string;
  /** The user that conversations are filed under when a request names none. */
  readonly subject: string;
  readonly role: Role;
  /** May read message text, arguments, results and cache values. */
  readonly content: boolean;
  readonly source: Source;
  /** Changes when the credential behind it does, which ends its sessions; never the secret itself. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch after which the credential no longer holds; null: never. */
  readonly expiresAt: number | null;
}

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** Whether `role` may do what `needed` may. */
export function roleCovers(role: Role, needed: Role): boolean {
  return RANK[role] >= RANK[needed];
}

/** Operators and admins read content anyway, viewers where their credential says so. */
export function mayReadContent(role: Role, right: boolean): boolean {
  return right || roleCovers(role, "operator");
}

/** Whether a value is the name of a role. */
export function isRole(value: unknown): value is Role {
  return ROLES.includes(value as Role);
}
