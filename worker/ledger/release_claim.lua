-- Release an entry unfinished: it can be claimed again immediately, or after a delay.
-- KEYS: stream, postponed set   ARGV: group, entry, consumer, deliveries, delay ms (0 = none), attempts so far,
-- postponements so far, first postponed ms (0 = now)
-- Returns 1, or 0 when the lease was lost.
if not mine then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local delay, since = tonumber(ARGV[5]), tonumber(ARGV[8])
if delay > 0 and since == 0 then since = now end
local due = delay > 0 and now + delay or 0
local member = table.concat({entry, ARGV[6], ARGV[7], string.format('%.0f', since)}, ' ')
redis.call('ZADD', KEYS[2], due, member)
redis.call('XACK', stream, group, entry)
return 1
