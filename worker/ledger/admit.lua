-- Admit a claimed event to run, unless as many events of its source run as may.
-- KEYS: stream, running events of the source, events streams...
-- ARGV: group, entry, consumer, deliveries, quota, seconds after which an unused set of running events is forgotten
-- Returns 1, or 0 when it must wait, or -1 when the lease was lost.
if not mine then
  return -1
end
local member, streams = stream .. '/' .. entry, {}
for index = 3, #KEYS do streams[KEYS[index]] = true end
local running = count_running(KEYS[2], group, streams)
if redis.call('SISMEMBER', KEYS[2], member) == 0 then
  if running >= tonumber(ARGV[5]) then return 0 end
  redis.call('SADD', KEYS[2], member)
end
redis.call('EXPIRE', KEYS[2], ARGV[6])
return 1
