-- Publish an event's messages and forget its entry. Lua does not roll back, so the order is: results, done, ack; an
-- error in the middle repeats the event under the same ids and never loses it.
-- KEYS: stream, done, results, dead letters
-- ARGV: group, entry, consumer, deliveries, done record ('' = none), done ttl seconds, dead-letter code ('' = none),
--       dead-letter reason, messages...
-- Gives {answer, done record}: published | already (the entry is finished: a lost reply was retried) | duplicate (another entry of this event
-- was finished first; nothing is changed) | fenced (the lease was lost).
local MOST_LETTER_FIELDS = 200 -- of a producer that called its fields otherwise; unpack has a limit
local record, dead_code, dead_reason = ARGV[5], ARGV[7], ARGV[8]
local done = redis.call('GET', KEYS[2])
if not mine then
  if done and cjson.decode(done).entry == stream .. '/' .. entry then
    return {'already', done}
  end
  if not pending and not redis.call('XRANGE', stream, entry, entry)[1] then
    return {'already', ''}
  end
  return {'fenced', ''}
end
if record ~= '' and done then
  return {'duplicate', done}
end
for index = 9, #ARGV do
  redis.call('XADD', KEYS[3], '*', 'message', ARGV[index])
end
if dead_code ~= '' then
  local original = redis.call('XRANGE', stream, entry, entry)[1]
  local letter = {'error', dead_code, 'reason', dead_reason, 'stream', stream, 'entry', entry, 'deliveries', ARGV[4]}
  local message = ''
  for field = 1, original and #original[2] or 0, 2 do
    if original[2][field] == 'message' then
      message = original[2][field + 1]
    elseif #letter < MOST_LETTER_FIELDS then
      table.insert(letter, 'event:' .. original[2][field])
      table.insert(letter, original[2][field + 1])
    end
  end
  redis.call('XADD', KEYS[4], '*', 'message', message, unpack(letter))
end
if record ~= '' then
  redis.call('SET', KEYS[2], record, 'EX', ARGV[6])
end
redis.call('XACK', stream, group, entry)
redis.call('XDEL', stream, entry)
return {'published', ''}
