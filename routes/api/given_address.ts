import { AppError, type InputIssue } from "../../lib/errors.ts";
import { parseTarget, resolveTarget } from "../../lib/notifications/address.ts";
import { DeliveryError } from "../../lib/notifications/delivery_error.ts";
import type { Config } from "../../lib/config/config.ts";

/** An address in a request's body, and the field it stands in. */
export interface GivenAddress {
  path: string;
  url: string;
}

/** A name that takes longer to resolve is let through: it is checked again when it is called. */
const RESOLVE_MS = 2_000;

/**
 * Refuses addresses that we must not call, `invalid` for each field: loopback, private, link-local
 * networks and names that lead there. A name that cannot be resolved just now is let through.
 */
export async function refuseInnerAddresses(
  config: Pick<Config, "allowPrivateAddresses">,
  addresses: GivenAddress[],
): Promise<void> {
  const policy = { trusted: config.allowPrivateAddresses };
  const lookUps = new Map<string, Promise<unknown>>();
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), RESOLVE_MS);
  try {
    // Many callbacks of one batch go to one host, which is looked up once.
    const lookUp = (target: URL): Promise<unknown> => {
      const known = lookUps.get(target.host);
      if (known) return known;
      const begun = Promise.race([late.promise, resolveTarget(target, policy)]);
      lookUps.set(target.host, begun);
      return begun;
    };
    const found = await Promise.all(addresses.map(async ({ path, url }) => {
      try {
        await lookUp(parseTarget(url));
      } catch (error) {
        if (!(error instanceof DeliveryError)) throw error;
        if (error.permanent) return [{ path, message: error.message }];
      }
      return [];
    }));
    const issues: InputIssue[] = found.flat();
    if (issues.length === 0) return;
    const { path, message } = issues[0]!;
    throw new AppError("invalid", `The body does not fit: ${path}: ${message}`, { issues });
  } finally {
    clearTimeout(timer);
  }
}
