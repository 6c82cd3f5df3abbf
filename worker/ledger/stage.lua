-- Put messages of a large answer beside its event, unseen by readers; `finish` commits them. Sent again with the same
-- offset, it changes nothing.
-- KEYS: stream, staged   ARGV: group, entry, consumer, deliveries, offset, ttl seconds, messages...
-- Gives how many messages are staged now, or -1 when the lease was lost.
if not mine then
  return -1
end
local offset = tonumber(ARGV[5])
if offset == 0 then
  redis.call('DEL', KEYS[2])
end
if redis.call('LLEN', KEYS[2]) == offset then
  for index = 7, #ARGV do
    redis.call('RPUSH', KEYS[2], ARGV[index])
  end
  redis.call('EXPIRE', KEYS[2], ARGV[6])
end
return redis.call('LLEN', KEYS[2])
