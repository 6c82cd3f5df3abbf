-- Claim several new entries of one stream for a consumer: at most a given number, and no more once the total size of
-- their messages reaches a limit.
-- KEYS: stream   ARGV: group, consumer, max message bytes, most entries, enough bytes
-- Returns {entry, message bytes (-1: field missing), message ('' if too large)} of each.
local max_bytes, most, enough = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local found, total = {}, 0
while #found < most and total < enough do
  local fresh = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', 1, 'STREAMS', KEYS[1], '>')
  local entry = fresh and fresh[1] and fresh[1][2][1]
  if not entry then break end
  local message, bytes = read_message(entry, max_bytes)
  table.insert(found, {entry[1], bytes, message})
  total = total + math.max(bytes, 0)
end
return found
