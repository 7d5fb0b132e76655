import type { AuditEntry, AuditLog } from "../../lib/auth/audit.ts";
import type { Principal } from "../../lib/auth/principal.ts";
import type { Clock } from "../../lib/clock.ts";
import type { WriteSet } from "../../lib/kv/write_set.ts";
import { clientAddress, type ServeInfo } from "./visit.ts";

/** Whoever is erased is not named by the very line that tells of it. */
const PERSON = /(\/users\/)[^/]+/;

const ANONYMOUS = "anonymous";

/** What a line of the audit log is made of. */
export interface Audited {
  request: Request;
  /** The path, without its query, which may hold secrets. */
  path: string;
  requestId: string;
  info: ServeInfo | undefined;
  principal: Principal | undefined;
}

/** Tells the audit log what requests changed, or were not allowed to. */
export class AuditTrail {
  constructor(readonly audit: AuditLog, readonly clock: Clock, readonly trustProxy: number) {}

  /** Adds to the commit of the change itself. */
  add(tx: WriteSet, asked: Audited, action: string, made?: string): void {
    const entry = this.#entry(asked, action, 200);
    const target = made === undefined ? entry.target : `${entry.target}/${made}`;
    this.audit.add(tx, { ...entry, target });
  }

  /** Tells of a change that is already made; resolves when that is durable. */
  write(asked: Audited, action: string, status: number): Promise<void> {
    return this.audit.write(this.#entry(asked, action, status));
  }

  /**
   * Tells of what happens often: alike ones become one entry with their count, so no entry is made
   * of most of them.
   */
  gather(
    { request, info, principal }: Pick<Audited, "request" | "info"> & Partial<Audited>,
    { path, requestId }: Pick<Audited, "path" | "requestId">,
    action: string,
    status: number,
  ): void {
    const address = clientAddress(request, info, this.trustProxy);
    const actor = principal?.id ?? ANONYMOUS;
    if (this.audit.countAgain({ status, action, address, actor })) return;
    this.audit.gather(
      this.#entry({ request, info, principal, path, requestId }, action, status),
    );
  }

  #entry({ request, path, requestId, info, principal }: Audited, action: string, status: number) {
    return {
      at: this.clock.now(),
      actor: principal?.id ?? ANONYMOUS,
      subject: principal?.subject ?? "",
      action,
      target: path.replace(PERSON, "$1{user_id}"),
      address: clientAddress(request, info, this.trustProxy),
      status,
      requestId,
    } satisfies AuditEntry;
  }
}
