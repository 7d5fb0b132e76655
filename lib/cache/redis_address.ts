/** How the server that holds the cache is found. */
export type RedisDeployment =
  | { kind: "standalone" }
  /** The primary of this name, as the nodes (sentinels) know it. */
  | { kind: "sentinel"; primary: string; password: string | undefined }
  /** The node of a Cluster that owns the slot which all keys of the cache are in. */
  | { kind: "cluster" };

export interface RedisEndpoint {
  host: string;
  port: number;
}

/** An address of Redis, taken apart. */
export interface ParsedAddress {
  deployment: RedisDeployment;
  /** Where to ask: the server itself, sentinels, or some nodes of the Cluster. */
  nodes: RedisEndpoint[];
  username: string | undefined;
  password: string | undefined;
  db: number;
  tls: boolean;
}

const SCHEME = /^redis(s)?(?:\+(sentinel|cluster))?:$/;

/**
 * Takes an address apart: `redis://user:password@host:6379/0`, `rediss://` with TLS,
 * `redis+sentinel://host:26379/primary?node=host2:26379&db=0&sentinel_password=…` and
 * `redis+cluster://host:6379?node=host2:6379`. Throws a TypeError on anything else.
 */
export function parseRedisAddress(text: string): ParsedAddress {
  const url = URL.parse(text);
  const scheme = SCHEME.exec(url?.protocol ?? "");
  if (url === null || scheme === null || url.hostname === "") {
    throw new TypeError(
      "the address of Redis must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://",
    );
  }
  const [, tls, kind] = scheme;
  const port = kind === "sentinel" ? 26_379 : 6_379;
  const path = decodeURIComponent(url.pathname.replace(/^\//, ""));
  if (kind === "sentinel" && path === "") {
    throw new TypeError("the address of sentinels must end with the name of the primary");
  }
  const further = url.searchParams.getAll("node").map((node) => {
    const found = URL.parse(`redis://${node}`);
    if (!found?.hostname) throw new TypeError("node= in the address of Redis must be host:port");
    return endpoint(found, port);
  });
  return {
    deployment: kind === "sentinel"
      ? {
        kind,
        primary: path,
        password: url.searchParams.get("sentinel_password") ?? undefined,
      }
      : { kind: kind === "cluster" ? "cluster" : "standalone" },
    nodes: [endpoint(url, port), ...further],
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    db: database(kind === undefined ? path : url.searchParams.get("db") ?? ""),
    tls: tls === "s",
  };
}

function endpoint(url: URL, port: number): RedisEndpoint {
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || port) };
}

function database(text: string): number {
  if (!/^\d{0,5}$/.test(text)) throw new TypeError("the database of Redis must be a number");
  return Number(text || 0);
}
