-- Renew a lease that is still held. Returns 1, or 0 when it was lost.
-- KEYS: stream   ARGV: group, entry, consumer, deliveries
if not mine then
  return 0
end
redis.call('XCLAIM', stream, group, consumer, 0, entry, 'JUSTID')
return 1
