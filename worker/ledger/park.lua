-- Park a claimed event until others of its source have ended; no attempt is counted.
-- KEYS: stream, parked set of the source, sources with parked events
-- ARGV: group, entry, consumer, deliveries, source, attempts so far, postponements so far, first postponed ms (0 = never)
-- Returns 1, or 0 when the lease was lost.
if not mine then
  return 0
end
redis.call('SADD', KEYS[3], ARGV[5])
redis.call('ZADD', KEYS[2], 0, table.concat({entry, ARGV[6], ARGV[7], ARGV[8]}, ' '))
redis.call('XACK', stream, group, entry)
return 1
