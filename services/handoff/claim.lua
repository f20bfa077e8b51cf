-- Gives an item to an agent for a time, if it waits.
-- KEYS[1] base; ARGV[1] most events kept, ARGV[2] item id, ARGV[3] tenant, ARGV[4] agent, ARGV[5] lease in ms
-- words: 'first' (claimed for the first time), 'claimed' (not for the first time), 'kept' (the agent held it already: a
--   call tried again), 'unknown', 'held', 'completed'

local hq = human_queue(KEYS[1], ARGV[1])
local id, tenant, agent = ARGV[2], ARGV[3], ARGV[4]
local item = hq.read(id)
local refusal = hq.refusal(item, tenant, agent)
if refusal and refusal ~= 'waiting' then return hq.answer(refusal, id) end

local changes, word = {state = 'claimed', agent = agent, lease_until = hq.now + ARGV[5]}, 'kept'
if refusal then
  word = item.first_claim and 'claimed' or 'first'
  changes.claims = item.claims + 1
  changes.first_claim = item.first_claim or hq.now
end
hq.change(id, item, changes)
return hq.answer(word, id)
