-- Count what is in each events stream, without reading messages.
-- KEYS: stream and postponed set of each priority   ARGV: group
-- Returns {now ms, then for each priority {entries, running, released, postponed, next due ms (0 = none), oldest entry ('')}}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function count_running(stream)
  if redis.call('EXISTS', stream) == 0 then return 0 end
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local value = {}
    for field = 1, #group, 2 do value[group[field]] = group[field + 1] end
    if value['name'] == ARGV[1] then return value['pending'] end
  end
  return 0
end

local found = {now}
for index = 1, #KEYS, 2 do
  local stream, postponed = KEYS[index], KEYS[index + 1]
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  local due = redis.call('ZRANGEBYSCORE', postponed, '(0', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  table.insert(found, {
    redis.call('XLEN', stream), count_running(stream), redis.call('ZCOUNT', postponed, '-inf', 0),
    redis.call('ZCOUNT', postponed, '(0', '+inf'), tonumber(due or 0), oldest and oldest[1] or '',
  })
end
return found
