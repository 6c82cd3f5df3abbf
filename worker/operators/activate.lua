-- Activate a release for the events that name none, or the one that was active before; '' = what each worker's settings say.
-- KEYS: active release   ARGV: version, or '' with 'back'; by whom; 'back' or ''
-- Returns {1 if it was not active before, else 0, then the activation as field, value, ...}.
local wrong = find_wrong_type(KEYS[1], 'hash')
if wrong then return wrong end
local now_active = redis.call('HGET', KEYS[1], 'version') or ''
local wanted = ARGV[1]
if ARGV[3] == 'back' then wanted = redis.call('HGET', KEYS[1], 'previous') or '' end
local is_new = wanted ~= now_active
if is_new then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('HSET', KEYS[1], 'version', wanted, 'previous', now_active, 'by', ARGV[2],
    'since_ms', string.format('%.0f', now))
end
return {is_new and 1 or 0, unpack(redis.call('HGETALL', KEYS[1]))}
