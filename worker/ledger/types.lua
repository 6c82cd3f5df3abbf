-- Reject keys of another type than the ledger's, before anything is changed. Keys that do not exist ('none') are fine.
local function find_wrong_type(key, expected)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= expected then
    return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', expected a ' .. expected)
  end
  return nil
end
