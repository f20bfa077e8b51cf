-- Ends a ticket entry for one analysis service: stores its part; the last of three hands the message on.
-- KEYS[3] analyzed stream, KEYS[4] deadlines, KEYS[5] in-flight counter, KEYS[5 + i] message record of item i
-- items: entry id, reference, dead reason, deliveries, part, encoded result

local analyzed, deadlines, in_flight = KEYS[3], KEYS[4], KEYS[5]
local PARTS = 3

return commit_all(6, nil, function(item)
  local record, part = KEYS[5 + item.index], item[5]
  if part == '' then return 'skipped' end -- an entry that was replayed for another group
  if redis.call('EXISTS', record) == 0 then return 'gone' end
  if redis.call('HSETNX', record, part, item[6]) == 0 then return 'known' end
  local landed = redis.call('HINCRBY', record, 'n', 1)
  local state, accepted, within = unpack(redis.call('HMGET', record, 's', 'a', 'dw'))
  if state == 'd' then
    redis.call('XADD', analyzed, '*', 'v', '1', 'k', item[2], 'why', 'late')
    if landed == PARTS then redis.call('DECR', in_flight) end
  elseif landed == PARTS then
    redis.call('ZREM', deadlines, item[2])
    redis.call('XADD', analyzed, '*', 'v', '1', 'k', item[2], 'why', 'complete')
  elseif landed == 1 and within and now > accepted + within then
    -- Its deadline had been put off, because there was nothing to decide on: now the other parts have as long.
    redis.call('ZADD', deadlines, 'XX', 'LT', now + within, item[2])
  end
  return 'done'
end)
