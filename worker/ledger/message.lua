-- The text of an entry's field `message` and its size in bytes: -1 when the field is missing, '' when it is too large.
local function read_message(entry, max_bytes)
  local fields = entry[2]
  local message, bytes = '', -1
  for field = 1, #fields, 2 do
    if fields[field] == 'message' then
      bytes = string.len(fields[field + 1])
      message = bytes <= max_bytes and fields[field + 1] or ''
    end
  end
  return message, bytes
end
