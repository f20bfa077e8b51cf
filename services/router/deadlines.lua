-- Hands messages whose deadline has passed to the router, each once.
-- KEYS[1] deadlines, KEYS[2] analyzed stream; ARGV[1] most to move; returns how many moved

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, reference in ipairs(due) do
  redis.call('ZREM', KEYS[1], reference)
  redis.call('XADD', KEYS[2], '*', 'v', '1', 'k', reference, 'why', 'deadline')
end
return #due
