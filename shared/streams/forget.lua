-- Deletes consumers that hold nothing and have been silent for long. (Deleting one that holds entries would
-- strand them; counting and deleting in one script leaves no moment between.)
-- KEYS[1] stream; ARGV[1] group, ARGV[2] silent for at least so many ms; returns how many were deleted

local gone = 0
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local fields = {}
  for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
  if fields['pending'] == 0 and fields['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], fields['name'])
    gone = gone + 1
  end
end
return gone
