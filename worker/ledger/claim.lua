-- Claim the next entry for a consumer. Of each stream: entries released unfinished, then those whose lease expired, then
-- new ones; when no stream has any, a postponed entry that is due. Every 4th claim tries postponed entries first, so that
-- they neither starve nor delay others by more than one claim in four; every 8th goes through the streams in reverse.
-- While the intake is paused, nothing is claimed.
-- KEYS: clock, pause, then stream and postponed set of each priority   ARGV: lease ms, group, consumer, max message bytes
-- Returns {stream, entry, deliveries, message bytes (-1: field missing), message ('' if too large), now ms, postponements,
-- first postponed ms (0 = never)}, or false.
if redis.call('EXISTS', KEYS[2]) == 1 then
  return false
end
local group, consumer, max_bytes = ARGV[2], ARGV[3], tonumber(ARGV[4])
local claims = tonumber(redis.call('HGET', KEYS[1], 'claims') or 0)

local function reply(stream, entry, deliveries, postponements, since)
  redis.call('HINCRBY', KEYS[1], 'claims', 1)
  local message, bytes = read_message(entry, max_bytes)
  return {stream, entry[1], deliveries, bytes, message, now, postponements, since}
end

-- Released entries have the score 0, postponed ones their due time.
local function take_postponed(stream, postponed, latest)
  local member = redis.call('ZRANGEBYSCORE', postponed, '-inf', latest, 'LIMIT', 0, 1)[1]
  while member do
    local entry, attempts, postponements, since = string.match(member, '^(%S+) (%d+) (%d+) (%d+)$')
    if entry then
      local deliveries = tonumber(attempts) + 1
      local claimed = redis.call('XCLAIM', stream, group, consumer, 0, entry, 'RETRYCOUNT', deliveries, 'FORCE')[1]
      redis.call('ZREM', postponed, member)
      if claimed then
        return reply(stream, claimed, deliveries, tonumber(postponements), tonumber(since))
      end
    else
      redis.call('ZREM', postponed, member)
    end
    -- The entry was deleted from the stream, or this is no member of ours; take the next.
    member = redis.call('ZRANGEBYSCORE', postponed, '-inf', latest, 'LIMIT', 0, 1)[1]
  end
  return nil
end

local function take_expired(stream)
  local pending = may_reclaim and redis.call('XPENDING', stream, group, 'IDLE', lease, '-', '+', 1)[1]
  while pending do
    local claimed = redis.call('XCLAIM', stream, group, consumer, lease, pending[1])[1]
    if claimed then
      return reply(stream, claimed, pending[4] + 1, 0, 0)
    end
    -- The entry was deleted from the stream, so XCLAIM dropped it; take the next.
    pending = redis.call('XPENDING', stream, group, 'IDLE', lease, '-', '+', 1)[1]
  end
  return nil
end

local function take_new(stream)
  local fresh = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', stream, '>')
  if fresh and fresh[1] and fresh[1][2][1] then
    return reply(stream, fresh[1][2][1], 1, 0, 0)
  end
  return nil
end

local function take_due()
  for index = 3, #KEYS, 2 do
    local found = take_postponed(KEYS[index], KEYS[index + 1], now)
    if found then return found end
  end
  return nil
end

if claims % 4 == 1 then
  local found = take_due()
  if found then return found end
end
local first, last, step = 3, #KEYS - 1, 2
if claims % 8 == 7 then
  first, last, step = #KEYS - 1, 3, -2
end
for index = first, last, step do
  local stream = KEYS[index]
  local found = take_postponed(stream, KEYS[index + 1], 0) or take_expired(stream) or take_new(stream)
  if found then return found end
end
return take_due() or false
