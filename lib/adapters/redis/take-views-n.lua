-- Subtracts the views that the planner has used from the counters. Views that were counted meanwhile remain.
-- KEYS  the hash that has each counter, any number
-- ARGV  two for each key, in the order of KEYS: the field, and the number to subtract
for i, key in ipairs(KEYS) do
  local field = ARGV[2 * i - 1]
  if redis.call('HINCRBY', key, field, -tonumber(ARGV[2 * i])) <= 0 then
    redis.call('HDEL', key, field)
  end
end
