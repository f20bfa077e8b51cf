-- Ends an analyzed entry: stores a decision, or parks the message until its predecessor is decided.
-- KEYS[3] decided stream, KEYS[4] deadlines, KEYS[5] in-flight counter,
--   then for item i: KEYS[4 + 2i] message record, KEYS[5 + 2i] ticket
-- items: entry id, reference, dead reason, deliveries, kind, sequence, ticket version it was decided on,
--   revision it is (of 'settle': the latest it saw), parts that it was decided on, conversation before,
--   conversation after, decision, records' time to live in ms
-- kinds: 'decide' (first), 'revise' (a late part landed), 'park', 'settle' (nothing to do)
-- statuses: 'done', 'stale', 'conflict' (the ticket moved on meanwhile: read it again and decide anew)

local decided, deadlines, in_flight = KEYS[3], KEYS[4], KEYS[5]
local PARTS = 3

-- Tickets of which an earlier item of this call was not written: what follows was built on it, and must be
-- decided anew. (The version alone does not tell: another router may have moved it on by as much.)
local unwritten = {}

local function keys(item) return KEYS[4 + 2 * item.index], KEYS[5 + 2 * item.index] end

local function refuse(item)
  local kind = item[5]
  local record, ticket = keys(item)
  if redis.call('EXISTS', record) == 0 then return nil end
  if kind == 'park' then
    local at = tonumber(redis.call('HGET', ticket, 'dq') or '0')
    return at >= tonumber(item[6]) - 1 and 'conflict' or nil
  end
  if unwritten[ticket] then return 'conflict' end
  local revision = tonumber(redis.call('HGET', record, 'r') or '0')
  if kind == 'settle' then
    -- There is nothing to do only if the decision that says so stands: another may lack a part that has landed.
    return revision ~= tonumber(item[8]) and 'conflict' or nil
  end
  unwritten[ticket] = true -- until `apply`, which a stale entry never reaches
  local version = redis.call('HGET', ticket, 'v') or '0'
  if version ~= item[7] or revision ~= tonumber(item[8]) - 1 then return 'conflict' end
  -- A part that has landed since would hand on no entry of its own, because the message was undecided.
  if redis.call('HGET', record, 'n') ~= item[9] then return 'conflict' end
  return nil
end

local function apply(item)
  local kind, sequence = item[5], tonumber(item[6])
  local record, ticket = keys(item)
  if redis.call('EXISTS', record) == 0 then return kind == 'settle' and 'done' or 'gone' end
  -- What has parts to come is neither out of flight nor forgotten, however old its first decision.
  local whole = tonumber(redis.call('HGET', record, 'n')) == PARTS
  if kind == 'settle' then
    if whole and redis.call('HGET', record, 's') == 'd' and redis.call('PTTL', record) == -1 then
      redis.call('PEXPIRE', record, item[13])
    end
    return 'done'
  end
  if kind == 'park' then
    redis.call('HSET', ticket, 'p:' .. sequence, item[2])
    return 'done'
  end
  unwritten[ticket] = nil
  redis.call('HINCRBY', ticket, 'v', 1)
  redis.call('HSET', ticket, 'c', item[11])
  redis.call('HSET', record, 's', 'd', 'r', item[8], 'b', item[10], 'x', item[12], 'da', now)
  redis.call('XADD', decided, '*', 'v', '1', 'k', item[2], 'd', item[12], 'at', tostring(now))
  if whole then redis.call('PEXPIRE', record, item[13]) end
  if kind == 'decide' then
    redis.call('HSET', ticket, 'dq', sequence)
    redis.call('ZREM', deadlines, item[2])
    if whole then redis.call('DECR', in_flight) end
    local waiting = redis.call('HGET', ticket, 'p:' .. (sequence + 1))
    if waiting then
      redis.call('HDEL', ticket, 'p:' .. (sequence + 1))
      redis.call('XADD', source, '*', 'v', '1', 'k', waiting, 'why', 'unparked')
    end
  end
  if redis.call('HGET', ticket, 'dq') == redis.call('HGET', ticket, 'q') then
    redis.call('PEXPIRE', ticket, item[13])
  end
  return 'done'
end

return commit_all(13, refuse, apply)
