-- Writes counts, newer wins: a value is dropped where one read from MAX at the same time or later is already there.
-- KEYS  chat_participants:<id> of each count, any number
-- ARGV  three a key, in the order of KEYS:
--         updated_at  RFC 3339 UTC with milliseconds, so that text order is time order; '' for a time not known (oldest)
--         value       the JSON to store, with the same updated_at inside
--         ttl         lifetime of the key, ms
-- Returns how many were written.
local written = 0
for i, key in ipairs(KEYS) do
  local updated_at, value, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local there = redis.call('GET', key)
  local newest
  if there then
    local readable, known = pcall(cjson.decode, there)
    -- A value that can't be read is no value.
    if readable and type(known) == 'table' then
      newest = type(known.updated_at) == 'string' and known.updated_at or ''
    end
  end
  if not newest or updated_at > newest then
    redis.call('SET', key, value, 'PX', ttl)
    written = written + 1
  end
end
return written
