-- Is there an entry to claim, and no ticket waiting for it yet? 1 or 0.
-- KEYS: clock, tickets, streams...   ARGV: lease ms, group
if redis.call('LLEN', KEYS[2]) > 0 then
  return 0
end
for index = 3, #KEYS do
  local stream = KEYS[index]
  local information = redis.call('XINFO', 'STREAM', stream)
  local last_generated
  for field = 1, #information, 2 do
    if information[field] == 'last-generated-id' then last_generated = information[field + 1] end
  end
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local name, last_delivered
    for field = 1, #group, 2 do
      if group[field] == 'name' then name = group[field + 1] end
      if group[field] == 'last-delivered-id' then last_delivered = group[field + 1] end
    end
    if name == ARGV[2] and last_delivered ~= last_generated then return 1 end
  end
  if may_reclaim and redis.call('XPENDING', stream, ARGV[2], 'IDLE', lease, '-', '+', 1)[1] then
    return 1
  end
end
return 0
