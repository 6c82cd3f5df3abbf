-- Hand the next entry to a consumer: the oldest one idle past the lease, else a new one; streams by priority, every
-- 8th claim in reverse so that a busy stream starves none.
-- KEYS: clock, streams...   ARGV: lease ms, group, consumer, max message bytes
-- Gives {stream, entry, deliveries, message bytes (-1: no such field), message ('' if too large), now ms}, or false.
local group, consumer, max_bytes = ARGV[2], ARGV[3], tonumber(ARGV[4])
local claims = tonumber(redis.call('HGET', KEYS[1], 'claims') or 0)

local function handed_out(stream, entry, deliveries)
  redis.call('HINCRBY', KEYS[1], 'claims', 1)
  local fields = entry[2]
  local message, bytes = '', -1
  for field = 1, #fields, 2 do
    if fields[field] == 'message' then
      bytes = string.len(fields[field + 1])
      if bytes <= max_bytes then message = fields[field + 1] end
    end
  end
  return {stream, entry[1], deliveries, bytes, message, now}
end

local first, last, step = 2, #KEYS, 1
if claims % 8 == 7 then
  first, last, step = #KEYS, 2, -1
end
for index = first, last, step do
  local stream = KEYS[index]
  local pending = may_reclaim and redis.call('XPENDING', stream, group, 'IDLE', lease, '-', '+', 1)[1]
  while pending do
    local entry = redis.call('XCLAIM', stream, group, consumer, lease, pending[1])[1]
    if entry then
      return handed_out(stream, entry, pending[4] + 1)
    end
    -- The entry was trimmed from the stream by somebody: XCLAIM has dropped it; take the next.
    pending = redis.call('XPENDING', stream, group, 'IDLE', lease, '-', '+', 1)[1]
  end
  local fresh = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', stream, '>')
  if fresh and fresh[1] and fresh[1][2][1] then
    return handed_out(stream, fresh[1][2][1], 1)
  end
end
return false
