-- Takes the lease of a chat whose count is fetched from MAX now. It replaces the lease of a queued refresh.
-- KEYS  1: participants_lease:<id>
-- ARGV  1: the owner, anything but 'queued'   2: lifetime of the lease, ms
-- Returns 1 if the lease was taken, 0 if another owner is fetching the count.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= 'queued' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
