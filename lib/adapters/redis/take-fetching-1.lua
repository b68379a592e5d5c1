-- Takes the lease to ask MAX for a chat now; a lease that is only queued gives way.
-- KEYS  1: participants_lease:<id>
-- ARGV  1: the owner, anything but 'queued'   2: lifetime of the lease, ms
-- Returns 1 where it was taken, 0 where somebody else is asking.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= 'queued' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
