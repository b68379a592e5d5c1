-- Returns the counter of each chat, 0 where there is none.
-- KEYS  the hash that has it, any number
-- ARGV  its field, in the order of KEYS
local counts = {}
for i, key in ipairs(KEYS) do
  counts[i] = tonumber(redis.call('HGET', key, ARGV[i]) or 0) or 0
end
return counts
