-- Send a dead letter again, to the stream that it came from, and delete the letter, in one step.
-- KEYS: dead letters, stream   ARGV: letter
-- Returns {'sent', new entry} or {'gone'} (no such letter) or {'kept'} (it has no message, or came from elsewhere).
local letter = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not letter then return {'gone'} end
local value = {}
for field = 1, #letter[2], 2 do value[letter[2][field]] = letter[2][field + 1] end
if not value['message'] or value['message'] == '' or value['stream'] ~= KEYS[2] then return {'kept'} end
local entry = redis.call('XADD', KEYS[2], '*', 'message', value['message'])
redis.call('XDEL', KEYS[1], ARGV[1])
return {'sent', entry}
