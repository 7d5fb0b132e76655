import { COUNTING, script, TELLING } from "./redis_script.ts";
import { MAX_TTL_SECONDS } from "./ttl.ts";

/** Generations outlive every entry that carries them. */
export const GENERATION_SECONDS = MAX_TTL_SECONDS * 2;

/**
 * Writes several entries.
 * ARGV fresh generation (10), "r" where generations and counts are to live on and "p" where others
 *      are told (each or "-"), base, all in one; then for each entry: head, tail
 *      head = number of its keys (2) ttl ms (9) kind (4) rest (61), and of a fill also what must
 *      hold: generations (10 each), lease token (10) and when the entry was made that was there
 * KEYS for each entry: entry, namespace generation, tag generations…
 * Returns 1 where all were written, else the places (from 0) of those that were not: an expected
 * generation has passed, the lease is another's or the entry was written meanwhile. The first
 * command that writes must be one that a full Redis refuses: after it the rest of a script is let
 * through. What many entries have in common is read, worked out and counted once. This is the
 * script that runs most, so it makes no functions and touches counts only where they change.
 */
export const WRITE_ENTRIES = script(`
local sub, call, pcall = string.sub, redis.call, redis.pcall
local base, fresh = sub(ARGV[1], 13), sub(ARGV[1], 1, 10)
local refresh, publishes = sub(ARGV[1], 11, 11) == 'r', sub(ARGV[1], 12, 12) == 'p'
local time = call('TIME')
local now = time[1] + time[2] / 1000000
local current, ttls, buckets = {}, {}, {}
local counted, refused
local k = 1
for a = 2, #ARGV, 2 do
  local head, key, namespace = ARGV[a], KEYS[k], KEYS[k + 1]
  local last = k + sub(head, 1, 2) - 1
  for i = k + 1, last do
    if current[KEYS[i]] == nil then current[KEYS[i]] = call('GET', KEYS[i]) end
  end
  local old = pcall('GETRANGE', key, 0, 84)
  local oldBucket, oldBytes, madeAt
  if type(old) == 'string' and sub(old, 76, 85) == current[namespace] and sub(old, 1, 2) == 'P1' then
    oldBucket, madeAt = sub(old, 5, 14), sub(old, 15, 27)
    oldBytes = call('STRLEN', key)
  end
  local good, lease = true, nil
  if #head > 76 then
    local at = 77
    for i = k + 1, last do
      if sub(head, at, at + 9) ~= current[KEYS[i]] then good = false end
      at = at + 10
    end
    lease = base .. '~l:' .. sub(key, #base + 1)
    good = good and (madeAt == nil or madeAt == sub(head, at + 10)) and
      call('GET', lease) == sub(head, at, at + 9)
  end
  if good then
    local generations = ''
    for i = k + 1, last do
      if not current[KEYS[i]] then
        current[KEYS[i]] = fresh
        call('SET', KEYS[i], current[KEYS[i]], 'EX', ${GENERATION_SECONDS})
      end
      generations = generations .. current[KEYS[i]]
    end
    local life = sub(head, 3, 11)
    local ttl, bucket = ttls[life], buckets[life]
    if not ttl then
      ttl = tonumber(life)
      bucket = math.ceil(now + ttl / 1000)
      if ttl >= 120000 then bucket = math.ceil(bucket / 60) * 60 end
      bucket = string.format('%010d', bucket)
      ttls[life], buckets[life] = ttl, bucket
    end
    local frame = sub(head, 12, 15) .. bucket .. sub(head, 16, 76) .. generations .. ARGV[a + 1]
    call('SET', key, frame, 'PX', ttl)
    local bytes = #frame
    if oldBucket ~= bucket or oldBytes ~= bytes then
      counted = counted or {}
      local of = counted[namespace] or {}
      counted[namespace] = of
      if oldBucket then
        of[oldBucket] = (of[oldBucket] or 0) - 1
        of['b' .. oldBucket] = (of['b' .. oldBucket] or 0) - oldBytes - #key
      end
      of[bucket] = (of[bucket] or 0) + 1
      of['b' .. bucket] = (of['b' .. bucket] or 0) + bytes + #key
    end
    if lease then call('DEL', lease) end
    if publishes then call('PUBLISH', base .. '~i', key) end
  else
    refused = refused or {}
    refused[#refused + 1] = (a - 2) / 2
  end
  k = last + 1
end
if counted then
  for namespace, fields in pairs(counted) do
    local name = sub(namespace, #base + 4)
    local counts, first = base .. '~c:' .. name, false
    for field, amount in pairs(fields) do
      -- The first of its bucket may be the first of all; then nobody knows the namespace yet.
      if amount ~= 0 and call('HINCRBY', counts, field, amount) == amount then first = true end
    end
    if first then call('SADD', base .. '~n', name) end
    if first then call('EXPIRE', counts, ${GENERATION_SECONDS}) end
  end
end
if refresh then
  for name in pairs(current) do
    if call('TTL', name) * 2 < ${GENERATION_SECONDS} then
      call('EXPIRE', name, ${GENERATION_SECONDS})
      if sub(name, #base + 1, #base + 3) == '~g:' then
        call('EXPIRE', base .. '~c:' .. sub(name, #base + 4), ${GENERATION_SECONDS})
      end
    end
  end
end
return refused or 1
`);

/**
 * KEYS (entry, counts, namespace generation)… · ARGV base, "p" or ""
 * Returns how many entries that held something were removed; what an earlier clearing had already
 * made invisible is removed too, but not counted. A computation under way loses its lease.
 */
export const REMOVE_ENTRIES = script(`${COUNTING}${TELLING}
local removed = 0
for i = 1, #KEYS, 3 do
  local held, bucket, bytes = uncount(KEYS[i], redis.call('GET', KEYS[i + 2]))
  redis.call('UNLINK', KEYS[i], leaseOf(KEYS[i]))
  if held then removed = removed + 1 end
  if bucket then apply(KEYS[i + 1], bucket, -1, -bytes) end
  tell(KEYS[i])
end
return removed
`);

/**
 * KEYS entry, counts, namespace generation · ARGV base, "p" or "", ttl ms, expires at (13 digits)
 * Returns 1 when a living entry was given a new time to live, else 0.
 */
export const EXPIRE_ENTRY = script(`${COUNTING}${TELLING}
local _, bucket, bytes = uncount(KEYS[1], redis.call('GET', KEYS[3]))
if not bucket then return 0 end
local ttl = tonumber(ARGV[3])
local time = redis.call('TIME')
local ends = bucketOf(tonumber(time[1]) + tonumber(time[2]) / 1000000, ttl)
redis.call('SETRANGE', KEYS[1], 4, ends)
redis.call('SETRANGE', KEYS[1], 27, ARGV[4] .. ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
apply(KEYS[2], bucket, -1, -bytes)
apply(KEYS[2], ends, 1, bytes)
tell(KEYS[1])
return 1
`);

/**
 * KEYS namespace or tag generation, counts of the namespace (for a namespace only)
 * ARGV base, "p" or "", fresh generation, seconds that generations live
 * Makes every entry of the namespace, or with the tag, a miss. Returns how many the namespace had.
 * Deletes first, because a full Redis lets a script go on that has begun by deleting.
 */
export const RENEW_GENERATION = script(`${TELLING}
local entries = 0
if KEYS[2] then
  local now = tonumber(redis.call('TIME')[1])
  local fields = redis.call('HGETALL', KEYS[2])
  for f = 1, #fields, 2 do
    local ends = tonumber(fields[f])
    if ends and ends > now then entries = entries + tonumber(fields[f + 1]) end
  end
end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
if KEYS[2] then redis.call('UNLINK', KEYS[2]) end
tell(KEYS[1])
return math.max(0, entries)
`);

/**
 * KEYS entry, lease, namespace generation, tag generations…
 * ARGV base, token, lease ms, fresh generation, seconds that generations live, now ms,
 *      created at (13 digits) of an entry that is of no use, or "any"
 * Leaves to one process at a time the computing of an entry. Returns { "found" } where there is a
 * fresh entry, { "taken", ms left } where another process is at it, else { "yours", made at, generations… }.
 */
export const TAKE_LEASE = script(`
local head = redis.pcall('GETRANGE', KEYS[1], 0, 84)
local madeAt = ''
if type(head) == 'string' and string.sub(head, 1, 2) == 'P1' and
  string.sub(head, 76, 85) == redis.call('GET', KEYS[3]) then
  madeAt = string.sub(head, 15, 27)
  local fresh = (tonumber(string.sub(head, 28, 40)) or 0) > tonumber(ARGV[6])
  if fresh and ARGV[7] ~= 'any' and madeAt ~= ARGV[7] then return { 'found' } end
end
if not redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then
  return { 'taken', redis.call('PTTL', KEYS[2]) }
end
local answer = { 'yours', madeAt }
for i = 3, #KEYS do
  local current = redis.call('GET', KEYS[i])
  if not current then
    current = ARGV[4]
    redis.call('SET', KEYS[i], current, 'EX', ARGV[5])
  end
  answer[#answer + 1] = current
end
return answer
`);

/** KEYS lease · ARGV token, ms (0 = give it up). Returns 1 where the lease was still held, else 0. */
export const KEEP_LEASE = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
`);

/**
 * KEYS namespaces · ARGV start of the counts' keys, most namespaces to look at
 * Returns { 1 where all namespaces were looked at, else 0, name, entries, bytes, … }, and drops
 * buckets that passed two minutes ago.
 */
export const COUNT_ENTRIES = script(`
local now = tonumber(redis.call('TIME')[1])
local names = redis.call('SMEMBERS', KEYS[1])
local most = tonumber(ARGV[2])
local answer = { #names <= most and 1 or 0 }
for i = 1, math.min(#names, most) do
  local counts = ARGV[1] .. names[i]
  local fields = redis.call('HGETALL', counts)
  local entries, bytes, passed = 0, 0, {}
  for f = 1, #fields, 2 do
    local field, amount = fields[f], tonumber(fields[f + 1])
    local isBytes = string.sub(field, 1, 1) == 'b'
    local ends = tonumber(isBytes and string.sub(field, 2) or field)
    if ends > now then
      if isBytes then bytes = bytes + amount else entries = entries + amount end
    elseif ends < now - 120 and #passed < 4000 then
      passed[#passed + 1] = field
    end
  end
  if #passed > 0 then redis.pcall('HDEL', counts, unpack(passed)) end
  if #fields == 0 then redis.pcall('SREM', KEYS[1], names[i]) end
  answer[#answer + 1] = names[i]
  answer[#answer + 1] = math.max(0, entries)
  answer[#answer + 1] = math.max(0, bytes)
end
return answer
`);
