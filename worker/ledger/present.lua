-- Record what a worker reports about itself, with the server's time, and forget workers that have been silent for long.
-- KEYS: workers, pause   ARGV: worker, report, ms after which a silent worker is forgotten
-- Returns 1 while the intake is paused, else 0.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', now) .. ARGV[2])
local reports = redis.call('HGETALL', KEYS[1])
for field = 1, #reports, 2 do
  local seen = tonumber(string.match(reports[field + 1], '^(%d+) ') or 0)
  if now - seen > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], reports[field])
  end
end
return redis.call('EXISTS', KEYS[2])
