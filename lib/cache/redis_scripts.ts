import { createHash } from "node:crypto";

/** A Lua script and the name Redis knows it by. */
export interface RedisScript {
  source: string;
  sha1: string;
}

function script(source: string): RedisScript {
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

/**
 * Entries are counted where they are written: per namespace a hash of expiry buckets, `<second>` =
 * entries and `b<second>` = bytes that expire by then. A bucket that has passed no longer counts,
 * so expiry needs nobody to watch it.
 *
 * An entry's first generation is its namespace's; positions as in frame.ts.
 */
const COUNTING = `
-- whether the key holds anything of worth; its bucket and bytes where it is counted
local function uncount(key, generation)
  local head = redis.pcall('GETRANGE', key, 0, 84)
  if type(head) == 'table' then return true end
  if string.sub(head, 1, 2) ~= 'P1' then return head ~= '' end
  if string.sub(head, 76, 85) ~= generation then return false end
  local bucket = string.sub(head, 5, 14)
  return true, bucket, redis.call('STRLEN', key) + #key
end
local function apply(counts, bucket, entries, bytes)
  redis.call('HINCRBY', counts, bucket, entries)
  redis.call('HINCRBY', counts, 'b' .. bucket, bytes)
end
local function bucketOf(ttl)
  local time = redis.call('TIME')
  local ends = tonumber(time[1]) + math.ceil((tonumber(time[2]) / 1000 + ttl) / 1000)
  if ttl >= 120000 then ends = math.ceil(ends / 60) * 60 end
  return string.format('%010d', ends)
end
`;

/**
 * KEYS entry, counts, namespaces, namespace generation, tag generations…
 * ARGV kind, rest, tail, ttl ms, fresh generation, namespace, seconds that generations live,
 *      expected generations… ('' = whatever holds now)
 * Returns 1, or 0 where an expected generation is no longer the current one. The first command that
 * writes must be one that a full Redis refuses: after it the rest of a script is let through.
 */
export const WRITE_ENTRY = script(`${COUNTING}
local generations = {}
for i = 4, #KEYS do
  local current = redis.call('GET', KEYS[i])
  local expected = ARGV[i + 4]
  if expected ~= '' and expected ~= current then return 0 end
  generations[i - 3] = current
end
for i = 4, #KEYS do
  if not generations[i - 3] then
    redis.call('SET', KEYS[i], ARGV[5], 'EX', ARGV[7])
    generations[i - 3] = ARGV[5]
    if i == 4 then redis.call('SADD', KEYS[3], ARGV[6]) end
  end
end
local ttl = tonumber(ARGV[4])
local bucket = bucketOf(ttl)
local frame = ARGV[1] .. bucket .. ARGV[2] .. table.concat(generations) .. ARGV[3]
local _, oldBucket, oldBytes = uncount(KEYS[1], generations[1])
redis.call('SET', KEYS[1], frame, 'PX', ARGV[4])
if oldBucket then apply(KEYS[2], oldBucket, -1, -oldBytes) end
apply(KEYS[2], bucket, 1, #frame + #KEYS[1])
redis.call('EXPIRE', KEYS[2], ARGV[7])
for i = 4, #KEYS do redis.call('EXPIRE', KEYS[i], ARGV[7]) end
return 1
`);

/**
 * KEYS (entry, counts, namespace generation)…
 * Returns how many entries that held something were removed; what an earlier clearing had already
 * made invisible is removed too, but not counted.
 */
export const REMOVE_ENTRIES = script(`${COUNTING}
local removed = 0
for i = 1, #KEYS, 3 do
  local held, bucket, bytes = uncount(KEYS[i], redis.call('GET', KEYS[i + 2]))
  redis.call('UNLINK', KEYS[i])
  if held then removed = removed + 1 end
  if bucket then apply(KEYS[i + 1], bucket, -1, -bytes) end
end
return removed
`);

/**
 * KEYS entry, counts, namespace generation · ARGV ttl ms, expires at (13 digits)
 * Returns 1 when a living entry was given a new time to live, else 0.
 */
export const EXPIRE_ENTRY = script(`${COUNTING}
local _, bucket, bytes = uncount(KEYS[1], redis.call('GET', KEYS[3]))
if not bucket then return 0 end
local ttl = tonumber(ARGV[1])
local ends = bucketOf(ttl)
redis.call('SETRANGE', KEYS[1], 4, ends)
redis.call('SETRANGE', KEYS[1], 27, ARGV[2] .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
apply(KEYS[2], bucket, -1, -bytes)
apply(KEYS[2], ends, 1, bytes)
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

/**
 * KEYS (entry, counts, namespace generation)… · ARGV start of the tag generations' keys
 * Looks at entries and removes those that nobody can read: damaged, of another version or kind, of
 * an older generation of their namespace or of one of their tags. Returns for each a line
 * "kept BUCKET BYTES", "removed BUCKET BYTES" where it was counted, "removed" or "gone".
 */
export const SWEEP_ENTRIES = script(`${COUNTING}
local function readable(key, generation)
  local head = redis.call('GETRANGE', key, 0, 244)
  if string.sub(head, 1, 2) ~= 'P1' or #head < 85 then return false end
  if string.sub(head, 76, 85) ~= generation then return false end
  local tagBytes = tonumber(string.sub(head, 70, 73))
  local count = tonumber(string.sub(head, 74, 75))
  if not tagBytes or not count then return false end
  if count == 1 then return true end
  local from = 75 + count * 10
  local tags = redis.call('GETRANGE', key, from, from + tagBytes - 1)
  local n = 1
  for tag in string.gmatch(tags, '[^\\n]+') do
    n = n + 1
    local own = string.sub(head, 66 + n * 10, 75 + n * 10)
    if redis.call('GET', ARGV[1] .. tag) ~= own then return false end
  end
  return true
end
local answer = {}
for i = 1, #KEYS, 3 do
  local key = KEYS[i]
  local generation = redis.call('GET', KEYS[i + 2])
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then
    answer[#answer + 1] = 'gone'
  else
    local counted = ''
    if kind == 'string' then
      local _, bucket, bytes = uncount(key, generation)
      if bucket then counted = ' ' .. bucket .. ' ' .. bytes end
    end
    if kind == 'string' and readable(key, generation) then
      answer[#answer + 1] = 'kept' .. counted
    else
      redis.call('UNLINK', key)
      answer[#answer + 1] = 'removed' .. counted
      if counted ~= '' then
        local _, _, bucket, bytes = string.find(counted, '(%d+) (%d+)')
        apply(KEYS[i + 1], bucket, -1, -bytes)
      end
    end
  end
end
return answer
`);

/**
 * KEYS counts, namespaces · ARGV namespace, (field, what it was seen to be, what it should be)…
 * Corrects the fields that still are what they were seen to be.
 */
export const RECOUNT = script(`
for i = 2, #ARGV, 3 do
  if (redis.call('HGET', KEYS[1], ARGV[i]) or '0') == ARGV[i + 1] then
    if ARGV[i + 2] == '0' then redis.call('HDEL', KEYS[1], ARGV[i])
    else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2]) end
  end
end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[1], 172800)
return 1
`);
