-- Cancel an event that waits or runs: publish its rejection and delete its entry, in one step. A worker that runs it loses
-- its lease and publishes nothing. An event whose answer is decided is left alone.
-- KEYS: stream, set that it is in if it is postponed, released or parked, done, results, index, outbox
-- ARGV: group, entry, member of that set ('' = none), index ttl seconds, rejection
-- Returns 'cancelled', 'answered' (its answer is decided, perhaps not wholly published) or 'gone' (no such entry).
local stream, group, entry = KEYS[1], ARGV[1], ARGV[2]
local wrong = find_wrong_type(KEYS[2], 'zset') or find_wrong_type(KEYS[3], 'string')
  or find_wrong_type(KEYS[4], 'stream') or find_wrong_type(KEYS[5], 'list')
if wrong then return wrong end
local done = redis.call('GET', KEYS[3])
if redis.call('EXISTS', KEYS[6]) == 1 or (done and cjson.decode(done).entry == stream .. '/' .. entry) then
  return 'answered'
end
if not redis.call('XRANGE', stream, entry, entry)[1] then
  return 'gone'
end
add_to_index(KEYS[5], {redis.call('XADD', KEYS[4], '*', 'message', ARGV[5])}, ARGV[4])
if ARGV[3] ~= '' then
  redis.call('ZREM', KEYS[2], ARGV[3])
end
for _, found in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  if found[2] == group then redis.call('XACK', stream, group, entry) end
end
redis.call('XDEL', stream, entry)
return 'cancelled'
