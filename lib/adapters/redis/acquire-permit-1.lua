--[[
Grants slots: the times at which requests to MAX may start. Slots are evenly spaced, for all callers together, on Redis's clock.
Times are microseconds since 1970, durations are microseconds. Numbers in replies are strings, because Lua's own format rounds them.

KEYS[1]  the bot's limiter, a hash:
           run      the server that wrote the state; after a failover or a restart the state can't be trusted
           seen     time of the last call
           free     the first slot that is not granted
           warm     end of the warm-up
           line     the queue of background callers, in order, separated by spaces: `number:count:back`, where `count` is the
                    permits that the caller can use, and `back` is when it calls again
           next     the number for the next caller that joins the queue
           holes    slots before `free` that are reserved for background, in order, separated by spaces
           wanted   time until which background callers are expected
           streak   interactive grants since the last slot that was left to background
           share    share of the full rate (0..1) at the time `since`; it grows from then on
           cut      when the share was last halved
           failed   consecutive failures

ARGV[1]  JSON, the same in every call: spacing, warmup, window, lead, back, horizon, signal, pauseMin, pauseMax,
         recover, ttl (ms), floor (share), failures (count). `back`: how long before its slot a queued caller calls again.
ARGV[2]  'interactive' | 'background' | 'report' (requests no slots, only reports outcomes)
ARGV[3]  number of permits that the caller can use
ARGV[4]  the caller's number in the queue, -1 for none
ARGV[5]  longest time that the caller can wait for a slot
ARGV[6]  the caller's round trip; an earlier slot would already have passed when the reply arrives
ARGV[7]  requests that succeeded since the caller's last call
ARGV[8]  requests that failed since then
ARGV[9]  the wait that MAX asked for when it throttled a request, 0 if it named none; -1 if it throttled none
ARGV[10] 1 if the caller recently paced itself, 0 otherwise

Returns  {status, mood, now, at, number, slot...}; mood is 'cooling' while throttling slows all callers down, else 'busy'
  'granted'  start at the slots. number >= 0: the caller's place in the queue for further permits; call again at `at`
  'later'    no slot yet: call again at `at` with that number (-1 for interactive callers, which do not queue)
  'refused'  no slot before `at`, which is later than the caller can wait
  'warming'  the state was lost, and callers that have not noticed it may still pace themselves: no slot before `at`
  'noted'    the reply to 'report'
]]
local s = cjson.decode(ARGV[1])
local lane = ARGV[2]
local want, number, maxWait, trip = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local answered, failed, retryAfter = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local server = redis.pcall('INFO', 'server')
local run = type(server) == 'string' and string.match(server, 'run_id:(%w+)') or 'unnamed'

-- The state: the stored one or, if it can't be trusted, a new one.
local names = { 'seen', 'free', 'warm', 'next', 'wanted', 'streak', 'share', 'since', 'cut', 'failed' }
local stored = redis.call('HMGET', KEYS[1], 'run', 'holes', 'line', unpack(names))
local q, holes, line = {}, {}, {}
for i, name in ipairs(names) do
  q[name] = tonumber(stored[i + 3] or '')
end
-- If this caller paced itself and nobody called meanwhile, other callers also lost Redis and may still pace themselves.
local cutOff = ARGV[10] == '1' and stored[1] and now - math.max(q.seen, q.warm) > s.horizon + s.window
-- If `free` is far ahead, the clock was set back.
if stored[1] ~= run or cutOff or q.free > now + 2 * s.pauseMax then
  q = { free = now, warm = now, next = 0, wanted = 0, streak = 0, share = 1, since = now, cut = 0, failed = 0 }
  if s.warmup > 0 then
    q.warm = now + s.warmup
    q.free = q.warm + s.window
  end
else
  for hole in string.gmatch(stored[2], '%d+') do
    holes[#holes + 1] = tonumber(hole)
  end
  for n, count, back in string.gmatch(stored[3], '(%d+):(%d+):(%d+)') do
    line[#line + 1] = { number = tonumber(n), count = tonumber(count), back = tonumber(back) }
  end
end

-- The rate after the reported outcomes. The same arithmetic as reduceRate in lib/max-api/pace.ts.
local share = math.min(1, q.share + math.max(0, now - q.since) / s.recover)
if answered > 0 then
  q.failed = 0
end
q.failed = q.failed + failed
local throttled = retryAfter >= 0
if throttled or (failed > 0 and q.failed >= s.failures) then
  local pause = math.min(math.max(retryAfter, 0), s.pauseMax)
  if now - q.cut >= s.signal then
    share = math.max(s.floor, share / 2)
    pause = math.max(pause, s.pauseMin, s.spacing / share)
    q.share, q.since, q.cut = share, now + pause, now
    holes = {}
  end
  q.free = math.max(q.free, now + pause)
end
local spacing = s.spacing / share
local mood = share < 1 and 'cooling' or 'busy'

local status, at, slots = 'noted', 0, {}

-- Interactive callers take the next free slots, before the background callers in the queue.
local function interactive()
  number = -1
  while #slots < math.min(want, 4) do
    local slot = math.max(q.free, now + trip)
    local wait = slot - now - trip
    if wait > maxWait or wait > s.horizon then
      if #slots == 0 then
        status, at = wait > maxWait and 'refused' or 'later', wait > maxWait and slot or slot - s.horizon / 2
      end
      return
    end
    status, slots[#slots + 1] = 'granted', slot
    q.free = slot + spacing
    q.streak = q.streak + 1
    if q.streak >= 4 and now < q.wanted and #holes < 16 then
      holes[#holes + 1] = q.free
      q.free = q.free + spacing
      q.streak = 0
    end
  end
end

-- Background callers queue, so that all processes are served in order. Interactive callers go first and move the expected slots of
-- the queue back; a background caller learns its new time when it calls again, and keeps its place. A caller that does not call
-- again before its deadline loses its place.
local function background()
  while holes[1] and holes[1] < now + trip do
    table.remove(holes, 1)
  end
  local own, ahead, standing = nil, 0, {}
  for _, caller in ipairs(line) do
    if caller.number == number then
      own = caller
    elseif caller.back + s.lead >= now then
      standing[#standing + 1] = caller
      ahead = ahead + (own and 0 or caller.count)
    end
  end
  -- Grant at most the slots within the lead. So one round trip serves several requests at high rates, and an interactive caller is
  -- not delayed by more than the lead.
  local most = 1 + math.floor(s.lead / spacing)
  local soon = now + trip + s.lead
  own = own or { count = math.min(want, most) }
  local place = #standing + 1
  for i, caller in ipairs(standing) do
    if own.number and caller.number > own.number then
      place = i
      break
    end
  end

  local function turn()
    return holes[ahead + 1] or q.free + (ahead - #holes) * spacing
  end
  local function stand()
    number = -1
    local due = turn()
    if due - now > maxWait then
      q.wanted = math.max(q.wanted, now + 2000000)
      return due
    end
    if not own.number then
      own.number = q.next
      q.next = q.next + 1
    end
    number, at = own.number, due - trip - s.back
    own.back = at
    table.insert(standing, place, own)
    q.wanted = math.max(q.wanted, due + 2000000)
  end

  line = standing
  if turn() > soon then
    local tooLate = stand()
    status, at = tooLate and 'refused' or 'later', tooLate or at
    return
  end

  status = 'granted'
  repeat
    local slot = table.remove(holes, 1)
    if not slot then
      slot = math.max(q.free, now + trip)
      q.free = slot + spacing
      q.streak = 0
    end
    slots[#slots + 1] = slot
  until #slots >= math.min(want, most) or (holes[1] or q.free) > soon + #slots * spacing

  -- The caller keeps its place for further permits if it had queued for them. Otherwise it goes to the end of the queue.
  local rest = math.min(want - #slots, most)
  number = -1
  if rest > 0 then
    own.count = math.min(own.count - #slots, rest)
    if own.count <= 0 then
      own, place, ahead = { count = rest }, #standing + 1, 0
      for _, caller in ipairs(standing) do
        ahead = ahead + caller.count
      end
    end
    stand()
  end
end

q.seen = now
if lane ~= 'report' then
  if now < q.warm then
    status, at = 'warming', q.warm
  elseif lane == 'interactive' then
    interactive()
  else
    background()
  end
end

local function text(n)
  return string.format('%.0f', n)
end

for i, hole in ipairs(holes) do
  holes[i] = text(hole)
end
for i, caller in ipairs(line) do
  line[i] = text(caller.number) .. ':' .. text(caller.count) .. ':' .. text(caller.back)
end
local fields = { 'run', run, 'holes', table.concat(holes, ' '), 'line', table.concat(line, ' ') }
for _, name in ipairs(names) do
  fields[#fields + 1] = name
  fields[#fields + 1] = name == 'share' and string.format('%.6f', q.share) or text(q[name])
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('PEXPIRE', KEYS[1], s.ttl)

local reply = { status, mood, text(now), text(at), text(number) }
for _, slot in ipairs(slots) do
  reply[#reply + 1] = text(slot)
end
return reply
