import type { Redis } from "ioredis";
import { createHash } from "node:crypto";
import { messageOf } from "../errors.ts";

/** A Lua script and the name Redis knows it by. */
export interface RedisScript {
  source: string;
  sha1: string;
}

/** Names a script by the hash that Redis knows it by. */
export function script(source: string): RedisScript {
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

/** Runs a script on a connection; rejects as the connection does. */
export function runScript(
  redis: Redis,
  script: RedisScript,
  keys: readonly string[],
  args: readonly (string | Uint8Array)[],
): Promise<unknown> {
  const rest = [keys.length, ...keys, ...args] as [number, ...string[]];
  return redis.evalsha(script.sha1, ...rest).catch((error) => {
    if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
    return redis.eval(script.source, ...rest);
  });
}

/**
 * Entries are counted where they are written: per namespace a hash of expiry buckets, `<second>` =
 * entries and `b<second>` = bytes that expire by then. A bucket that has passed no longer counts,
 * so expiry needs nobody to watch it.
 *
 * An entry's first generation is its namespace's; positions as in frame.ts.
 */
export const COUNTING = `
-- whether the key holds anything of worth; its bucket and bytes where it is counted, and since when
local function uncount(key, generation)
  local head = redis.pcall('GETRANGE', key, 0, 84)
  if type(head) == 'table' then return true end
  if string.sub(head, 1, 2) ~= 'P1' then return head ~= '' end
  if string.sub(head, 76, 85) ~= generation then return false end
  local bucket = string.sub(head, 5, 14)
  return true, bucket, redis.call('STRLEN', key) + #key, string.sub(head, 15, 27)
end
local function apply(counts, bucket, entries, bytes)
  redis.call('HINCRBY', counts, bucket, entries)
  redis.call('HINCRBY', counts, 'b' .. bucket, bytes)
end
local function bucketOf(now, ttl)
  local ends = math.ceil(now + ttl / 1000)
  if ttl >= 120000 then ends = math.ceil(ends / 60) * 60 end
  return string.format('%010d', ends)
end
`;

/**
 * Tells the other processes of a change where the server cannot do it by client tracking: ARGV[2] of
 * every script that changes something is "p" then, else "". ARGV[1] is what our keys begin with.
 */
export const TELLING = `
local function tell(key)
  if ARGV[2] == 'p' then redis.call('PUBLISH', ARGV[1] .. '~i', key) end
end
local function leaseOf(key) return ARGV[1] .. '~l:' .. string.sub(key, #ARGV[1] + 1) end
`;
