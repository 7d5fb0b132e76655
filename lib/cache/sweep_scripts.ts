import { COUNTING, script } from "./redis_script.ts";

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

/** KEYS (entry, counts, namespace generation)… Returns how many of the entries hold something. */
export const HELD_ENTRIES = script(`${COUNTING}
local held = 0
for i = 1, #KEYS, 3 do
  if uncount(KEYS[i], redis.call('GET', KEYS[i + 2])) then held = held + 1 end
end
return held
`);

/**
 * KEYS (entry, counts, namespace generation)… Returns for each entry its bytes and the milliseconds
 * that it will live; its bytes are -1 where it holds nothing.
 */
export const DESCRIBE_ENTRIES = script(`${COUNTING}
local answer = {}
for i = 1, #KEYS, 3 do
  local held = uncount(KEYS[i], redis.call('GET', KEYS[i + 2]))
  local bytes = -1
  if held then bytes = redis.call('TYPE', KEYS[i]).ok == 'string' and redis.call('STRLEN', KEYS[i]) or 0 end
  answer[#answer + 1] = bytes
  answer[#answer + 1] = redis.call('PTTL', KEYS[i])
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
