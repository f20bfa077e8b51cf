-- Ends a decided entry and, in the same step, opens or updates the ticket's item in the human queue.
-- KEYS[3] base of the shard's human queue
-- items: entry id, reference, dead-letter reason, deliveries, kind, item id that it would open, tenant, ticket, queue,
--   rank, language, skills, decision, decided at, sequence, revision; after the items: most events kept
-- kinds: 'person' (the outcome needs one), 'routed' (it does not), 'none' (nothing to do with the queue)
-- statuses: 'opened', 'updated', 'covered' (a person completed the ticket's item with that message before them),
--   'done' (nothing to change), 'stale'

local hq = human_queue(KEYS[3], ARGV[#ARGV])

local function newer(decision, item)
  local sequence, known = tonumber(decision.sequence), tonumber(item.sequence)
  if sequence ~= known then return sequence > known end
  return tonumber(decision.revision) > tonumber(item.revision)
end

local function open(id, decision)
  decision.state, decision.since = 'waiting', decision.decided_at
  decision.agent, decision.lease_until, decision.claims = '', 0, 0
  hq.change(id, {}, decision)
  local ticket = hq.ticket(decision.tenant, decision.ticket)
  redis.call('SET', ticket, id) -- without a time to live: an open item does not expire
  return 'opened'
end

-- A decision on the newest message is shown. One that needs a person also files the item; the priority never falls.
-- A message without an intent says nothing about the skills needed, so the former ones stay.
local function update(id, item, decision, person)
  local changes = {}
  if newer(decision, item) then
    for _, field in ipairs({'decision', 'decided_at', 'sequence', 'revision'}) do changes[field] = decision[field] end
    if person then
      changes.queue, changes.language = decision.queue, decision.language
      if decision.skills ~= '' then changes.skills = decision.skills end
    end
  end
  if person and tonumber(decision.rank) > tonumber(item.rank) then changes.rank = decision.rank end
  if next(changes) == nil then return 'done' end
  hq.change(id, item, changes)
  return 'updated'
end

return commit_all(16, nil, function(entry)
  if entry[5] == 'none' then return 'done' end
  local person = entry[5] == 'person'
  local decision = {
    tenant = entry[7], ticket = entry[8], queue = entry[9], rank = entry[10], language = entry[11],
    skills = entry[12], decision = entry[13], decided_at = entry[14], sequence = entry[15], revision = entry[16],
  }
  local id = redis.call('GET', hq.ticket(decision.tenant, decision.ticket))
  local item = id and hq.read(id)
  if item and item.state ~= 'completed' then return update(id, item, decision, person) end
  if not person then return 'done' end
  if item and tonumber(decision.sequence) <= tonumber(item.sequence) then return 'covered' end
  return open(entry[6], decision)
end)
