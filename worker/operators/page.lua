-- Read entries of a stream after an entry, without removing them: at most a given number, and no more once their total
-- size reaches a limit. With a text, only entries whose message may be of an event with this id are returned: those that
-- contain the text, or a backslash, because JSON can write every character in other ways.
-- KEYS: stream   ARGV: entry ('-' = from the beginning), most entries, enough bytes, text ('' = all)
-- Returns {last entry read ('' = there was none), number of entries read, entries that are returned...}.
local after, most, enough, text = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local start, last, read, bytes = after == '-' and '-' or '(' .. after, '', 0, 0
local found = {'', 0}

local function may_match(fields)
  if text == '' then return true end
  for field = 1, #fields, 2 do
    local value = fields[field + 1]
    if fields[field] == 'message' then
      return string.find(value, text, 1, true) ~= nil or string.find(value, '\\', 1, true) ~= nil
    end
  end
  return false
end

while read < most and bytes < enough do
  local entry = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', 1)[1]
  if not entry then break end
  last, read = entry[1], read + 1
  start = '(' .. last
  for _, value in ipairs(entry[2]) do bytes = bytes + string.len(value) end
  if may_match(entry[2]) then table.insert(found, entry) end
end
found[1], found[2] = last, read
return found
