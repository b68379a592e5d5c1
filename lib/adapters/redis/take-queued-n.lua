-- Takes the free leases of chats whose refresh will be queued.
-- KEYS  participants_lease:<id> of each chat, any number
-- ARGV  1: lifetime of the leases, ms
-- Returns for each key, in order, 1 if the lease was taken and 0 if it is held.
local taken = {}
for i, key in ipairs(KEYS) do
  taken[i] = redis.call('SET', key, 'queued', 'NX', 'PX', ARGV[1]) and 1 or 0
end
return taken
