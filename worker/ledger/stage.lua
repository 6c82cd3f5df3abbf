-- Store messages of a large answer where readers do not see them; `finish` commits them. Repeating a call with the same
-- offset changes nothing.
-- KEYS: stream, staged   ARGV: group, entry, consumer, deliveries, offset, ttl seconds, messages...
-- Returns the number of messages staged, or -1 when the lease was lost.
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
