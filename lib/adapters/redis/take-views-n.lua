-- Takes from counters what was made use of; what was counted meanwhile stays.
-- KEYS  the hash that has each counter, any number
-- ARGV  two a key, in the order of KEYS: the field, and how much to take
for i, key in ipairs(KEYS) do
  local field = ARGV[2 * i - 1]
  if redis.call('HINCRBY', key, field, -tonumber(ARGV[2 * i])) <= 0 then
    redis.call('HDEL', key, field)
  end
end
