-- Give an entry back unfinished, with no attempt spent. It is free again once its idle time has grown to the lease.
-- KEYS: stream   ARGV: group, entry, consumer, deliveries, idle ms
-- Gives 1, or 0 when the lease was lost.
if not mine then
  return 0
end
redis.call('XCLAIM', stream, group, 'handed-back', 0, entry, 'IDLE', ARGV[5], 'RETRYCOUNT', deliveries - 1, 'JUSTID')
return 1
