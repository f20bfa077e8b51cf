-- The one way to end a stream entry: if XACK returns 1, then write; else do nothing.
-- A stage's script follows this text and defines its stride and `apply`, then returns commit_all(...).
--
-- KEYS[1] source stream, KEYS[2] dead-letter stream, then the stage's own keys
-- ARGV[1] consumer group, ARGV[2] number of items, ARGV[3..] items of `stride` values each, which begin with
--   entry id, message reference, dead-letter reason ('' where the entry succeeded), deliveries
-- returns one status an item: 'done', 'stale' (another consumer holds the entry), or the stage's own word

local source, dead, group = KEYS[1], KEYS[2], ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- `refuse(item)` may name a reason not to end the entry now (it stays pending); `apply(item)` writes.
local function commit_all(stride, refuse, apply)
  local statuses = {}
  for index = 1, tonumber(ARGV[2]) do
    local base = 2 + (index - 1) * stride
    local item = {index = index}
    for field = 1, stride do item[field] = ARGV[base + field] end
    local refusal = refuse and refuse(item)
    if refusal then
      statuses[index] = refusal
    elseif redis.call('XACK', source, group, item[1]) == 0 then
      statuses[index] = 'stale'
    else
      if item[3] ~= '' then
        redis.call('XADD', dead, '*', 'v', '1', 's', source, 'g', group, 'e', item[1], 'k', item[2],
          'why', item[3], 'n', item[4], 'at', tostring(now))
      end
      statuses[index] = apply(item) or 'done'
    end
  end
  return statuses
end
