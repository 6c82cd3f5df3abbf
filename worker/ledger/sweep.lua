-- Delete consumers that hold no entries and have been idle for a long time. One that holds entries is kept, because
-- deleting it would lose them. Returns the number deleted.
-- KEYS: streams...   ARGV: group, idle ms
local deleted = 0
for _, stream in ipairs(KEYS) do
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, ARGV[1])) do
    local value = {}
    for field = 1, #consumer, 2 do value[consumer[field]] = consumer[field + 1] end
    if value['pending'] == 0 and value['idle'] > tonumber(ARGV[2]) then
      redis.call('XGROUP', 'DELCONSUMER', stream, ARGV[1], value['name'])
      deleted = deleted + 1
    end
  end
end
return deleted
