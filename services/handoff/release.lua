-- Puts an item back at its old place, for the agent who holds it.
-- KEYS[1] base; ARGV[1] most events kept, ARGV[2] item id, ARGV[3] tenant, ARGV[4] agent
-- words: 'released', 'unknown', 'waiting', 'held', 'completed'

local hq = human_queue(KEYS[1], ARGV[1])
local id = ARGV[2]
local item = hq.read(id)
local refusal = hq.refusal(item, ARGV[3], ARGV[4])
if refusal then return hq.answer(refusal, id) end
hq.put_back(id, item)
return hq.answer('released', id)
