-- Trims a stream up to the oldest entry that any group has still to read or to acknowledge.
-- KEYS[1] stream; ARGV[1] keep at least this many milliseconds, ARGV[2..] groups that must exist (a group that
-- is yet to be made would lose what is trimmed before); returns entries removed, or -1 where a group is missing

local groups = {}
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local fields = {}
  for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
  groups[fields['name']] = fields
end

local function parts(id)
  local dash = string.find(id, '-', 1, true)
  return tonumber(string.sub(id, 1, dash - 1)), tonumber(string.sub(id, dash + 1))
end

local function older(a, b)
  local a1, a2 = parts(a)
  local b1, b2 = parts(b)
  return a1 < b1 or (a1 == b1 and a2 < b2)
end

local clock = redis.call('TIME')
local horizon = tostring(clock[1] * 1000 + math.floor(clock[2] / 1000) - tonumber(ARGV[1])) .. '-0'
for i = 2, #ARGV do
  local group = groups[ARGV[i]]
  if not group then return -1 end
  local oldest = group['last-delivered-id'] -- the next unread one is above it: keeping it itself costs one entry
  local pending = redis.call('XPENDING', KEYS[1], ARGV[i])
  if pending[1] > 0 and older(pending[2], oldest) then oldest = pending[2] end
  if older(oldest, horizon) then horizon = oldest end
end
return redis.call('XTRIM', KEYS[1], 'MINID', '~', horizon)
