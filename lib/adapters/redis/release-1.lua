-- Ends a lease if the owner still holds it.
-- KEYS  1: participants_lease:<id>
-- ARGV  1: the owner
-- Returns 1 if the lease ended, 0 if another owner holds it or it had expired.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
