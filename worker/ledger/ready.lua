-- Is there an entry to claim, and no ticket for it yet? Returns 1 or 0; while the intake is paused, 0. Avoids reading
-- entries, because this runs ten times a second and an entry may be large.
-- KEYS: clock, tickets, pause, then stream and postponed set of each priority   ARGV: lease ms, group
if redis.call('LLEN', KEYS[2]) > 0 or redis.call('EXISTS', KEYS[3]) == 1 then
  return 0
end

local function has_new_entries(stream)
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local value = {}
    for field = 1, #group, 2 do value[group[field]] = group[field + 1] end
    if value['name'] == ARGV[2] then
      -- The server does not know the lag when entries were deleted that had not been delivered.
      if value['lag'] then return value['lag'] > 0 end
      return #redis.call('XRANGE', stream, '(' .. value['last-delivered-id'], '+', 'COUNT', 1) > 0
    end
  end
  return redis.error_reply('NOGROUP ' .. stream)
end

for index = 4, #KEYS, 2 do
  local stream, postponed = KEYS[index], KEYS[index + 1]
  local found = has_new_entries(stream)
  if type(found) == 'table' then return found end
  if found then return 1 end
  if may_reclaim and redis.call('XPENDING', stream, ARGV[2], 'IDLE', lease, '-', '+', 1)[1] then
    return 1
  end
  if redis.call('ZCOUNT', postponed, '-inf', now) > 0 then
    return 1
  end
end
return 0
