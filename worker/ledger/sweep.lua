-- Delete consumers that hold nothing and were not seen for a long time; one that holds entries is never deleted, for
-- its entries would go with it. Gives how many were deleted.
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
