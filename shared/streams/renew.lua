-- Renews the lease on entries that this consumer still holds (never takes one back from another).
-- KEYS[1] stream; ARGV[1] group, ARGV[2] consumer, ARGV[3] idle time to set in ms (0 renews, a large one hands
-- the entry back at once), ARGV[4..] entry ids; returns how many were still held

local held = 0
for i = 4, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if #pending == 1 then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'IDLE', ARGV[3], 'JUSTID')
    held = held + 1
  end
end
return held
