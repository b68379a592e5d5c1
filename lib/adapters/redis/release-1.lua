-- Ends a lease, if it is still the owner's.
-- KEYS  1: participants_lease:<id>
-- ARGV  1: the owner
-- Returns 1 where it ended, 0 where it was somebody else's or had run out.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
