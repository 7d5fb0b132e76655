import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { messageOf } from "../errors.ts";
import { DeliveryError } from "./delivery_error.ts";

/** An address of the network, as node:dns gives it. */
export interface Address {
  address: string;
  family: 4 | 6;
}

/** Where requests may go. By default anywhere on the public internet and nowhere else. */
export interface OutboundPolicy {
  /** The address comes from the environment, so any network is allowed. */
  trusted?: boolean;
  /** Hosts ("internal.example" or "10.0.0.5:8080") that may lie in a private network. */
  allowHosts?: readonly string[];
  /** Nothing but these hosts may be called, also after a redirect; `*.` stands for any below. */
  onlyHosts?: readonly string[];
  /** Name resolution; tests put their own here. */
  resolve?: (host: string) => Promise<Address[]>;
  /** Additional certificates that are trusted, in PEM. */
  ca?: string;
}

/** The URL of text that came over the API; throws a permanent DeliveryError when it cannot be one. */
export function parseTarget(text: string, base?: URL): URL {
  const url = URL.parse(text, base);
  if (!url) throw blocked("the address is not a URL");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw blocked("the address must begin with https:// or http://");
  }
  if (url.username || url.password) throw blocked("the address must not carry a user or password");
  return url;
}

/**
 * The addresses of `url`'s host, all of them allowed by the policy. One that is not (loopback,
 * link-local, private, reserved…) refuses the host: it may be a public name for an inner address.
 */
export async function resolveTarget(url: URL, policy: OutboundPolicy): Promise<Address[]> {
  if (policy.onlyHosts && !policy.onlyHosts.some((entry) => namesHost(entry, url))) {
    throw blocked(`${url.host} is not among the hosts that may be called`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = await addressesOf(host, policy);
  const allowed = policy.trusted ||
    policy.allowHosts?.some((entry) => !entry.startsWith("*") && namesHost(entry, url));
  if (!allowed && !addresses.every(({ address }) => isPublic(address))) {
    throw blocked(`${url.host} lies in a network that requests from here may not reach`);
  }
  return addresses;
}

async function addressesOf(host: string, policy: OutboundPolicy): Promise<Address[]> {
  if (ipaddr.isValid(host)) return [{ address: host, family: host.includes(":") ? 6 : 4 }];
  try {
    const resolve = policy.resolve ??
      (async (name) => await lookup(name, { all: true }) as Address[]);
    const found = await resolve(host);
    if (found.length > 0) return found;
  } catch (error) {
    const message = `the name ${host} cannot be resolved: ${messageOf(error, 200)}`;
    throw new DeliveryError(message, { retryable: true, cause: error });
  }
  throw new DeliveryError(`the name ${host} has no address`, { retryable: true });
}

/** Whether `entry`, a host with or without a port, or `*.` and a domain, names the host of `url`. */
export function namesHost(entry: string, url: URL): boolean {
  const wanted = entry.trim().toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  if (wanted.startsWith("*.")) {
    const domain = wanted.slice(1);
    return url.hostname.endsWith(domain) || `${url.hostname}:${port}`.endsWith(domain);
  }
  return wanted === url.hostname || wanted === `${url.hostname}:${port}`;
}

/** Whether an address belongs to the public internet; an IPv4 address inside an IPv6 one counts as itself. */
export function isPublic(address: string): boolean {
  // process() turns ::ffff:a.b.c.d into a.b.c.d; other ways to hide one (NAT64, 6to4) are no unicast.
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

function blocked(message: string): DeliveryError {
  return new DeliveryError(message, { retryable: false });
}
