-- Adds views to the counters of chats.
-- KEYS  the hash that has the counter of each chat, any number; a hash may occur several times
-- ARGV  [1] what to add, [2] lifetime of a hash without new views, s; then the field of each chat, in the order of KEYS
for i, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, ARGV[i + 2], ARGV[1])
  redis.call('EXPIRE', key, ARGV[2])
end
