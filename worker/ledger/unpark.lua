-- Let parked events of a source be claimed, the most urgent and oldest first, as many as may run now.
-- KEYS: running events of the source, sources with parked events, then stream, postponed set and parked set of each priority
-- ARGV: group, source, quota (0 = no limit), most at a time
-- Returns the number of events that can be claimed now.
local streams, quota, left = {}, tonumber(ARGV[3]), 0
for index = 3, #KEYS, 3 do streams[KEYS[index]] = true end
local room = tonumber(ARGV[4])
if quota > 0 then room = math.min(room, quota - count_running(KEYS[1], ARGV[1], streams)) end
local moved = 0
for index = 3, #KEYS, 3 do
  while moved < room do
    local member = redis.call('ZPOPMIN', KEYS[index + 2])[1]
    if not member then break end
    redis.call('ZADD', KEYS[index + 1], 0, member)
    moved = moved + 1
  end
  left = left + redis.call('ZCARD', KEYS[index + 2])
end
if left == 0 then
  redis.call('SREM', KEYS[2], ARGV[2])
end
return moved
