-- Counts that chats were shown.
-- KEYS  the hash that has the counter of each chat, any number, the same one repeatedly
-- ARGV  [1] what to add, [2] lifetime of a hash nobody adds to, seconds; then the field of each chat, in the order of KEYS
for i, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, ARGV[i + 2], ARGV[1])
  redis.call('EXPIRE', key, ARGV[2])
end
