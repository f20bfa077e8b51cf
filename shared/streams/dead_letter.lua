-- Puts what a dead letter is about back to work, and takes the dead letter away, in one step.
-- KEYS[1] dead-letter stream, KEYS[2] the stream it came from, KEYS[3] its message record, KEYS[4] in-flight counter
-- ARGV[1] id of the dead letter, ARGV[2] 'tickets', 'analyzed' or 'decided', ARGV[3] group that gave it up,
--   ARGV[4] message reference
-- returns 'replayed', 'missing' (somebody took the dead letter away), 'gone' (the record has expired) or
--   'undecided' (what gave it up has not been decided yet: replaying now could leave it without a decision)

local dead, source, record, in_flight = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local PARTS = 3
local id, stream, group, reference = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

if #redis.call('XRANGE', dead, id, id) == 0 then return 'missing' end
if redis.call('EXISTS', record) == 0 then return 'gone' end
local decision = redis.call('HGET', record, 'x')
if not decision then return 'undecided' end

if stream == 'tickets' then
  -- The part that stands in for the failed one makes room; the new one then lands as a late part does.
  -- A message with a part to come is in flight, and its record does not expire.
  if redis.call('HDEL', record, group) == 1 and redis.call('HINCRBY', record, 'n', -1) == PARTS - 1 then
    redis.call('INCR', in_flight)
    redis.call('PERSIST', record)
  end
  redis.call('XADD', source, '*', 'v', '1', 'k', reference, 'm', redis.call('HGET', record, 'm'), 'g', group)
elseif stream == 'analyzed' then
  redis.call('XADD', source, '*', 'v', '1', 'k', reference, 'why', 'replay')
else
  redis.call('XADD', source, '*', 'v', '1', 'k', reference, 'd', decision,
    'at', redis.call('HGET', record, 'da'), 'g', group)
end
redis.call('XDEL', dead, id) -- no group reads this stream, so there is no lag to spoil
return 'replayed'
