-- Writes counts. The newer one wins: a count is dropped if the stored one was read from MAX at the same time or later.
-- KEYS  chat_participants:<id> of each count, any number
-- ARGV  three for each key, in the order of KEYS:
--         updated_at  RFC 3339 UTC with milliseconds, so that text order is time order; '' if not known (counts as oldest)
--         value       the JSON to store, with the same updated_at
--         ttl         lifetime of the key, ms
-- Returns the number of written counts.

-- Returns the time of a stored value; nil if the value is invalid (WRITTEN in counts.ts), so that any count may replace it.
local function time_of(text)
  local time = '"(%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ)"'
  local count, at, source, rest = string.match(text, '^{"count":(%d+),"updated_at":' .. time .. ',"source":"(%a+)"(.*)}$')
  if not at then
    at = ''
    count, source, rest = string.match(text, '^{"count":(%d+),"updated_at":null,"source":"(%a+)"(.*)}$')
  end
  if not count or #count > 15 or (source ~= 'api' and source ~= 'database') then return nil end
  rest = string.gsub(rest, '^,"max_chat_id":"%-?%d+"', '')
  if rest ~= '' and rest ~= ',"events_trusted":true' then return nil end
  return at
end

local written = 0
for i, key in ipairs(KEYS) do
  local updated_at, value, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local there = redis.call('GET', key)
  local newest = there and time_of(there)
  if not newest or updated_at > newest then
    redis.call('SET', key, value, 'PX', ttl)
    written = written + 1
  end
end
return written
