-- Pause the intake of all workers; an existing pause is kept.
-- KEYS: pause   ARGV: by whom, reason
-- Returns {1 if it was not paused before, else 0, then the pause as field, value, ...}.
local wrong = find_wrong_type(KEYS[1], 'hash')
if wrong then return wrong end
local is_new = redis.call('EXISTS', KEYS[1]) == 0
if is_new then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('HSET', KEYS[1], 'since_ms', string.format('%.0f', now), 'by', ARGV[1], 'reason', ARGV[2])
end
return {is_new and 1 or 0, unpack(redis.call('HGETALL', KEYS[1]))}
