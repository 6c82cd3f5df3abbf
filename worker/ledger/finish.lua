-- Finish an event. Lua does not roll back, so the order is: results, done, ack; an error in the middle repeats the event
-- under the same ids and never loses it. A large answer was staged before: it is committed here (recorded as done and
-- moved to the outbox, from which `publish` takes it), and its entry is deleted when its last message is published.
-- KEYS: stream, done, results, dead letters, index, staged, outbox
-- ARGV: group, entry, consumer, deliveries, done record ('' = none), done ttl seconds, dead-letter code ('' = none),
--       dead-letter reason, head and digest of a message too large to keep ('' = keep the message), messages staged,
--       messages...
-- Returns {outcome, done record}: published | committed (in the outbox, to be published) | unstaged (stage it again) |
-- already (this entry was answered before: a lost reply was retried, or its outbox waits) | duplicate (another entry of
-- this event was finished first; nothing is changed) | fenced (the lease was lost).
local MOST_LETTER_FIELDS = 200 -- for producers that use other field names; unpack has a limit
local MOST_FIELD_BYTES = 4096
local record, ttl, dead_code, dead_reason = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local head, digest, staged = ARGV[9], ARGV[10], tonumber(ARGV[11])
local wrong = find_wrong_type(KEYS[2], 'string') or find_wrong_type(KEYS[3], 'stream')
  or find_wrong_type(KEYS[4], 'stream') or find_wrong_type(KEYS[5], 'list')
if wrong then return wrong end

local done = redis.call('GET', KEYS[2])
local answered = done and cjson.decode(done).entry == stream .. '/' .. entry
if answered then
  return {'already', done}
end
if not mine then
  -- An answer without a record was published before; one with a record would have found it: somebody deleted the entry.
  if record == '' and not pending and not redis.call('XRANGE', stream, entry, entry)[1] then
    return {'already', ''}
  end
  return {'fenced', ''}
end
if record ~= '' and done then
  return {'duplicate', done}
end
if staged > 0 then
  if redis.call('LLEN', KEYS[6]) ~= staged then
    return {'unstaged', ''}
  end
  redis.call('SET', KEYS[2], record, 'EX', ttl)
  redis.call('RENAME', KEYS[6], KEYS[7])
  redis.call('EXPIRE', KEYS[7], ttl)
  return {'committed', record}
end
local published = {}
for index = 12, #ARGV do
  table.insert(published, redis.call('XADD', KEYS[3], '*', 'message', ARGV[index]))
end
if dead_code ~= '' then
  local original = redis.call('XRANGE', stream, entry, entry)[1]
  local letter = {'error', dead_code, 'reason', dead_reason, 'stream', stream, 'entry', entry, 'deliveries', ARGV[4]}
  local message = ''
  for field = 1, original and #original[2] or 0, 2 do
    if original[2][field] == 'message' then
      message = original[2][field + 1]
    elseif #letter < MOST_LETTER_FIELDS then
      table.insert(letter, 'event:' .. string.sub(original[2][field], 1, MOST_FIELD_BYTES))
      table.insert(letter, string.sub(original[2][field + 1], 1, MOST_FIELD_BYTES))
    end
  end
  if head == '' then
    redis.call('XADD', KEYS[4], '*', 'message', message, unpack(letter))
  else
    redis.call('XADD', KEYS[4], '*', 'message_head', head, 'message_sha256', digest, 'message_bytes',
      string.len(message), unpack(letter))
  end
end
if record ~= '' then
  redis.call('SET', KEYS[2], record, 'EX', ttl)
end
add_to_index(KEYS[5], published, ttl)
redis.call('XACK', stream, group, entry)
redis.call('XDEL', stream, entry)
return {'published', ''}
