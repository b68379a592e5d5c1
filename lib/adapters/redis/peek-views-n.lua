-- Returns the counter of each chat, 0 if there is none.
-- KEYS  the hash that has the counter of each chat, any number
-- ARGV  the field of each chat, in the order of KEYS
local counts = {}
for i, key in ipairs(KEYS) do
  counts[i] = tonumber(redis.call('HGET', key, ARGV[i]) or 0) or 0
end
return counts
