-- Ends an item, for the agent who holds it; the same completion again changes nothing.
-- KEYS[1] base; ARGV[1] most events kept, ARGV[2] item id, ARGV[3] tenant, ARGV[4] agent, ARGV[5] disposition,
--   ARGV[6] note, ARGV[7] time to live in ms
-- words: 'done' (now), 'known' (it was so already), 'unknown', 'waiting', 'held', 'completed' (otherwise)

local hq = human_queue(KEYS[1], ARGV[1])
local id, agent, disposition, note, ttl = ARGV[2], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local item = hq.read(id)
local refusal = hq.refusal(item, ARGV[3], agent)
if refusal == 'completed' and item.agent == agent and item.disposition == disposition and item.note == note then
  return hq.answer('known', id)
end
if refusal then return hq.answer(refusal, id) end
hq.change(id, item, {
  state = 'completed', lease_until = 0, disposition = disposition, note = note, completed_at = hq.now,
})
hq.expire(id, item, ttl)
return hq.answer('done', id)
