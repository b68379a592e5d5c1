-- Marks the cached count of a chat that has changed: it is no longer known to be correct, however fresh it is.
-- KEYS  [1] chat_participants:<id>
local value = redis.call('GET', KEYS[1])
if value then
  redis.call('SET', KEYS[1], (string.gsub(value, ',"events_trusted":true', '')), 'KEEPTTL')
end
