-- The outage clock. Idle time passes even while the server is down or no worker is alive, so a gap in the clock extends
-- every claim by one lease. Expects KEYS[1] = clock, ARGV[1] = lease in ms; defines `now`, `lease`, `may_reclaim`.
local lease = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'seen', 'grace_until')
local seen, grace_until = tonumber(kept[1] or now), tonumber(kept[2] or 0)
local set_back = seen > now
if now - seen > lease / 2 or set_back or grace_until - now > lease then
  grace_until = now + lease
end
if now - seen > lease / 8 or set_back or not kept[1] then
  redis.call('HSET', KEYS[1], 'seen', now, 'grace_until', grace_until)
end
local may_reclaim = now >= grace_until
