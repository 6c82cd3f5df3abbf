-- How many events of a source run. Defines count_running; members of the set whose entry is no longer claimed are removed,
-- so that nothing has to be told when a run ends or its worker dies.
local function count_running(running, group, streams)
  for _, member in ipairs(redis.call('SMEMBERS', running)) do
    local stream, entry = string.match(member, '^(.*)/(%d+%-%d+)$')
    if not streams[stream] or not redis.call('XPENDING', stream, group, entry, entry, 1)[1] then
      redis.call('SREM', running, member)
    end
  end
  return redis.call('SCARD', running)
end
