-- Record which entries of the results stream answer an event, up to the latest thousand.
local MOST_INDEXED = 1000
local function add_to_index(key, entries, ttl)
  for _, entry in ipairs(entries) do
    redis.call('RPUSH', key, entry)
  end
  redis.call('LTRIM', key, -MOST_INDEXED, -1)
  redis.call('EXPIRE', key, ttl)
end
