-- Accepts messages of one shard, each exactly once.
-- KEYS[1] tickets, KEYS[2] analyzed, KEYS[3] deadlines, KEYS[4] in-flight counter,
--   then for item i: KEYS[3 + 2i] message record, KEYS[4 + 2i] ticket
-- ARGV[1] most in flight, ARGV[2] milliseconds until the deadline, ARGV[3] the same where no part has landed,
--   ARGV[4] items, then for each: digest, encoded message, reference, message id, '1' where it is to be analysed,
--   traceparent or ''
-- returns for each: {status, sequence, accepted at ms}; status is 'new', 'known', 'conflict' or 'full'

local tickets, analyzed, deadlines, in_flight = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local room = tonumber(ARGV[1]) - tonumber(redis.call('GET', in_flight) or '0')
local answers = {}
local PARTS = 3
local REMEMBERED = 1000 -- messages of a ticket; one that never ends must not grow for ever

for i = 1, tonumber(ARGV[4]) do
  local base = 4 + (i - 1) * 6
  local digest, encoded, reference = ARGV[base + 1], ARGV[base + 2], ARGV[base + 3]
  local record, ticket = KEYS[3 + 2 * i], KEYS[4 + 2 * i]
  local known = redis.call('HMGET', record, 'h', 'q', 'a')
  if known[1] then
    answers[i] = {known[1] == digest and 'known' or 'conflict', tonumber(known[2]), tonumber(known[3])}
  elseif room <= 0 then
    answers[i] = {'full', 0, 0}
  else
    room = room - 1
    local sequence = redis.call('HINCRBY', ticket, 'q', 1)
    redis.call('PERSIST', ticket)
    redis.call('HSET', ticket, 'm:' .. sequence, ARGV[base + 4])
    redis.call('HDEL', ticket, 'm:' .. (sequence - REMEMBERED))
    redis.call('HSET', record, 'h', digest, 'm', encoded, 'q', sequence, 'a', now, 's', 'p')
    redis.call('INCR', in_flight)
    if ARGV[base + 5] == '1' then
      redis.call('HSET', record, 'n', 0, 'dw', ARGV[2], 'dl', now + tonumber(ARGV[3]))
      redis.call('ZADD', deadlines, now + tonumber(ARGV[2]), reference)
      redis.call('XADD', tickets, '*', 'v', '1', 'k', reference, 'm', encoded, 'tp', ARGV[base + 6])
    else
      redis.call('HSET', record, 'n', PARTS) -- it waits for none
      redis.call('XADD', analyzed, '*', 'v', '1', 'k', reference, 'why', 'recorded')
    end
    answers[i] = {'new', sequence, now}
  end
end
return answers
