-- Whether the caller still holds the lease of an entry: a lease is held by (consumer, delivery count).
-- Expects KEYS[1] = stream, ARGV[1..4] = group, entry, consumer, deliveries; defines `mine`.
local stream, group, entry, consumer = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local deliveries = tonumber(ARGV[4])
local pending = redis.call('XPENDING', stream, group, entry, entry, 1)[1]
local mine = pending and pending[2] == consumer and pending[4] == deliveries
