-- Counts what waits and what is claimed, and forgets queues that hold nothing any more.
-- KEYS[1] base; returns for each tenant's queue: {queue, claimed, then for each rank from 0: waiting, waiting since}

local base, rows = KEYS[1], {}
for _, tenant in ipairs(redis.call('SMEMBERS', base .. 'tenants')) do
  local queues = base .. 'queues:' .. tenant
  for _, queue in ipairs(redis.call('SMEMBERS', queues)) do
    local pair = tenant .. '|' .. queue
    local waiting, claimed = base .. 'waiting:' .. pair, base .. 'claimed:' .. pair
    local row = {queue, redis.call('ZCARD', claimed)}
    for rank = 0, TOP_RANK do
      local least = (TOP_RANK - rank) * PRIORITY_STEP
      local most = least + PRIORITY_STEP - 1
      local oldest = redis.call('ZRANGEBYSCORE', waiting, least, most, 'WITHSCORES', 'LIMIT', 0, 1)
      row[#row + 1] = redis.call('ZCOUNT', waiting, least, most)
      row[#row + 1] = oldest[2] and tonumber(oldest[2]) - least or 0
    end
    rows[#rows + 1] = row
    if redis.call('EXISTS', waiting, claimed, base .. 'completed:' .. pair) == 0 then
      redis.call('SREM', queues, queue)
    end
  end
  if redis.call('EXISTS', queues) == 0 then redis.call('SREM', base .. 'tenants', tenant) end
end
return rows
