-- Puts items whose lease is over back at their old places.
-- KEYS[1] base; ARGV[1] most events kept, ARGV[2] most to put back; returns the queues that they went back to

local hq = human_queue(KEYS[1], ARGV[1])
local queues = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', hq.leases(), '-inf', hq.now, 'LIMIT', 0, ARGV[2])) do
  local item = hq.read(id)
  if item then
    hq.put_back(id, item)
    queues[#queues + 1] = item.queue
  else
    redis.call('ZREM', hq.leases(), id)
  end
end
return queues
