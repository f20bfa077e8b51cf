-- Ends a decided entry and, in the same step, opens or updates the ticket's item in the human queue.
-- KEYS[3] base of the shard's human queue, KEYS[3 + i] message record of item i
-- items: entry id, reference, dead-letter reason, deliveries, kind, item id that it would open, tenant, ticket, queue,
--   rank, language, skills, decision, decided at, sequence, revision; after the items: most events kept, time to live
--   of completed items in ms
-- kinds: 'person' (the outcome needs one), 'late' (it needs one only because the analysis is late), 'routed' (it does
--   not), 'none' (nothing to do with the queue)
-- statuses: 'opened', 'updated', 'settled' (completed, because what was late has come and needs no person), 'covered'
--   (a person completed the ticket's item with that message before them), 'done' (nothing to change), 'stale'

local hq = human_queue(KEYS[3], ARGV[#ARGV - 1])
local ttl = tonumber(ARGV[#ARGV])

local function newer(decision, item)
  local sequence, known = tonumber(decision.sequence), tonumber(item.sequence)
  if sequence ~= known then return sequence > known end
  return tonumber(decision.revision) > tonumber(item.revision)
end

-- An item's `late` names the messages of a ticket that wait for a person only until their analysis lands, by sequence
-- with a comma behind each; it is empty where any message needs one for another reason.
local function still_late(item, decision, kind)
  local late, mine = item.late or '', decision.sequence .. ','
  if kind == 'person' or late == '' then return '' end
  if kind == 'late' then
    return string.find(',' .. late, ',' .. mine, 1, true) and late or late .. mine
  end
  return (string.gsub(',' .. late, ',' .. mine, ',', 1)):sub(2)
end

local function open(id, decision, kind)
  decision.state, decision.since = 'waiting', decision.decided_at
  decision.late = kind == 'late' and decision.sequence .. ',' or ''
  decision.agent, decision.lease_until, decision.claims = '', 0, 0
  hq.change(id, {}, decision)
  local ticket = hq.ticket(decision.tenant, decision.ticket)
  redis.call('SET', ticket, id) -- without a time to live: an open item does not expire
  return 'opened'
end

-- A decision on the newest message is shown. One that needs a person also files the item; the priority never falls.
-- A message without an intent says nothing about the skills needed, so the former ones stay.
local function update(id, item, decision, kind)
  local changes, person = {}, kind ~= 'routed'
  local late = still_late(item, decision, kind)
  if late ~= (item.late or '') then changes.late = late end
  if newer(decision, item) then
    for _, field in ipairs({'decision', 'decided_at', 'sequence', 'revision'}) do changes[field] = decision[field] end
    if person then
      changes.queue, changes.language = decision.queue, decision.language
      if decision.skills ~= '' then changes.skills = decision.skills end
    end
  end
  if person and tonumber(decision.rank) > tonumber(item.rank) then changes.rank = decision.rank end
  if next(changes) == nil then return 'done' end
  -- Nobody has looked at it, and nobody needs to any more.
  local settled = not person and changes.late == '' and item.state == 'waiting' and item.claims == '0'
  if settled then
    changes.state, changes.disposition, changes.note, changes.completed_at = 'completed', 'settled', '', hq.now
  end
  hq.change(id, item, changes)
  if settled then hq.expire(id, item, ttl) end
  return settled and 'settled' or 'updated'
end

return commit_all(16, nil, function(entry)
  local kind = entry[5]
  if kind == 'none' then return 'done' end
  if kind == 'late' and tonumber(redis.call('HGET', KEYS[3 + entry.index], 'r') or '0') > tonumber(entry[16]) then
    return 'done' -- the intents have landed meanwhile: the later revision says whether a person is needed
  end
  local decision = {
    tenant = entry[7], ticket = entry[8], queue = entry[9], rank = entry[10], language = entry[11],
    skills = entry[12], decision = entry[13], decided_at = entry[14], sequence = entry[15], revision = entry[16],
  }
  local id = redis.call('GET', hq.ticket(decision.tenant, decision.ticket))
  local item = id and hq.read(id)
  if item and item.state ~= 'completed' then return update(id, item, decision, kind) end
  if kind == 'routed' then return 'done' end
  if item and item.disposition ~= 'settled' and tonumber(decision.sequence) <= tonumber(item.sequence) then
    return 'covered'
  end
  return open(entry[6], decision, kind)
end)
