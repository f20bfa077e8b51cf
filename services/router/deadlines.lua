-- Hands messages whose deadline has passed to the router, each once.
-- One of which no part has landed is put off, up to its last deadline: the analysis services are behind or away, and
-- a decision on nothing would send it to a person who would only do what they do as soon as they get to it.
-- KEYS[1] deadlines, KEYS[2] analyzed stream, KEYS[3] prefix of the shard's message records; ARGV[1] most to look at
-- returns how many were handed over and how many put off

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
local handed, put_off = 0, 0
for _, reference in ipairs(due) do
  local parts, last = unpack(redis.call('HMGET', KEYS[3] .. reference, 'n', 'dl'))
  if parts == '0' and last and now < tonumber(last) then
    redis.call('ZADD', KEYS[1], last, reference)
    put_off = put_off + 1
  else
    redis.call('ZREM', KEYS[1], reference)
    redis.call('XADD', KEYS[2], '*', 'v', '1', 'k', reference, 'why', 'deadline')
    handed = handed + 1
  end
end
return {handed, put_off}
