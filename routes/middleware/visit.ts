import type { Config } from "../../lib/config/config.ts";

/** What Deno.serve tells about a connection. */
export interface ServeInfo {
  remoteAddr?: Deno.Addr;
}

/** The path of a request's address as it came: nothing decoded, nothing resolved, no query. */
export function rawPath(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  for (let i = start; i < url.length; i++) {
    const code = url.charCodeAt(i);
    if (code === 63 || code === 35) return url.slice(start, i);
  }
  return url.slice(start);
}

/** A request's id: the caller's where it is a plain word, else a new one. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get("x-request-id");
  return given !== null && /^[\w.-]{1,64}$/.test(given) ? given : crypto.randomUUID();
}

/** The address a request comes from; with proxies trusted, the one that the outermost of them saw. */
export function clientAddress(
  request: Request,
  info: ServeInfo | undefined,
  trustProxy: number,
): string {
  if (trustProxy > 0) {
    const hops = request.headers.get("x-forwarded-for")?.split(",") ?? [];
    const seen = hops.at(-trustProxy)?.trim();
    if (seen) return withoutPort(seen).slice(0, 64);
  }
  const remote = info?.remoteAddr;
  return remote && "hostname" in remote ? remote.hostname : "local";
}

/** Some proxies tell the port as well, which is another with each connection. */
function withoutPort(address: string): string {
  const [, bracketed, v4] = /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(address) ?? [];
  return bracketed ?? v4 ?? address;
}

/** Whether the visitor's browser speaks TLS with us or with a proxy that we trust. */
export function isSecure(request: Request, config: Config): boolean {
  if (config.trustProxy > 0) {
    // Each proxy adds what it saw, or hands on what the outermost said.
    const hops = request.headers.get("x-forwarded-proto")?.split(",") ?? [];
    const seen = (hops.at(-config.trustProxy) ?? hops[0])?.trim();
    if (seen) return seen.toLowerCase() === "https";
  }
  return config.publicUrl?.startsWith("https:") ?? request.url.startsWith("https:");
}

/** Bytes of a request's line and headers, about as they were sent. */
export function headerBytes(request: Request): number {
  let bytes = request.url.length + request.method.length;
  request.headers.forEach((value, name) => bytes += name.length + value.length + 4);
  return bytes;
}
