-- Delete results that every group has read and acknowledged and, with an age, that are older: some at a time, so call it
-- until it deletes none. Without groups nothing counts as read.
-- KEYS: results   ARGV: least age ms (0 = any), most entries at a time, 1 = regardless of groups
-- Returns {deleted, groups}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local MOST_SEQUENCE_DIGITS = 15 -- beyond that, Lua's numbers are not exact

local function parse(entry)
  local ms, sequence = string.match(entry, '^(%d+)-(%d+)$')
  return tonumber(ms), sequence
end

local function is_less(one, other)
  local ms, sequence = parse(one)
  local other_ms, other_sequence = parse(other)
  if ms ~= other_ms then return ms < other_ms end
  if #sequence ~= #other_sequence then return #sequence < #other_sequence end
  return sequence < other_sequence
end

local function follow(entry)
  local ms, sequence = parse(entry)
  if #sequence > MOST_SEQUENCE_DIGITS then return entry end
  return string.format('%.0f-%.0f', ms, tonumber(sequence) + 1)
end

if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0} end
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
local first_kept = string.format('%.0f-0', math.max(0, now - tonumber(ARGV[1]) + 1))
if ARGV[3] ~= '1' then
  if #groups == 0 then return {0, 0} end
  for _, group in ipairs(groups) do
    local value = {}
    for field = 1, #group, 2 do value[group[field]] = group[field + 1] end
    local unread = follow(value['last-delivered-id'])
    if value['pending'] > 0 then
      local oldest = redis.call('XPENDING', KEYS[1], value['name'])[2]
      if is_less(oldest, unread) then unread = oldest end
    end
    if is_less(unread, first_kept) then first_kept = unread end
  end
end
-- '~' deletes whole nodes of the stream, which is fast; what is left of the last node is deleted one by one.
local deleted = redis.call('XTRIM', KEYS[1], 'MINID', '~', first_kept, 'LIMIT', ARGV[2])
if deleted == 0 then
  deleted = redis.call('XTRIM', KEYS[1], 'MINID', '=', first_kept)
end
return {deleted, #groups}
