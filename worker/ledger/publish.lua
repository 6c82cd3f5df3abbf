-- Publish some messages of a committed answer; the last one deletes its entry. Any worker may call this, any number of
-- times: each message leaves the outbox in the same step in which readers see it.
-- KEYS: outbox, results, index, stream   ARGV: group, entry, enough bytes, ttl seconds
-- Returns the number of messages left.
local wrong = find_wrong_type(KEYS[1], 'list') or find_wrong_type(KEYS[2], 'stream') or find_wrong_type(KEYS[3], 'list')
if wrong then return wrong end
local published, bytes = {}, 0
local message = redis.call('LINDEX', KEYS[1], 0)
if not message then
  redis.call('XACK', KEYS[4], ARGV[1], ARGV[2])
  redis.call('XDEL', KEYS[4], ARGV[2])
  return 0
end
while message and bytes < tonumber(ARGV[3]) do
  table.insert(published, redis.call('XADD', KEYS[2], '*', 'message', message))
  redis.call('LPOP', KEYS[1])
  bytes = bytes + string.len(message)
  message = redis.call('LINDEX', KEYS[1], 0)
end
add_to_index(KEYS[3], published, ARGV[4])
if not message then
  redis.call('XACK', KEYS[4], ARGV[1], ARGV[2])
  redis.call('XDEL', KEYS[4], ARGV[2])
end
return redis.call('LLEN', KEYS[1])
