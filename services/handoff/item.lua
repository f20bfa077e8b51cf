-- The human queue of one shard: where its items are kept and how they are filed. Stands before every script of
-- this service. `base` is the prefix of its keys, which share the shard's hash tag; it is passed among KEYS so that
-- a cluster routes by it.
--   i:<item id>               hash: tenant, ticket, queue, rank (0 low to 3 urgent), language, skills (commas between),
--                             state, since (waits since), agent, lease_until, decision, decided_at, sequence, revision
--                             (of the decision), claims, first_claim, disposition, note, completed_at, late (see
--                             enqueue.lua);
--                             times are Unix milliseconds, by this store's clock
--   waiting:<tenant>|<queue>  sorted sets of items, most urgent first, then oldest first
--   claimed:<tenant>|<queue>
--   completed:<tenant>|<queue>  sorted set by the time of completion
--   t:<tenant>|<ticket>       id of the ticket's one item: the open one, or else the last completed one
--   leases                    sorted set of claimed items by the end of their leases
--   tenants, queues:<tenant>  sets of what there is
--   events                    stream of changes, capped

local PRIORITY_STEP = 2 ^ 43 -- above any time in milliseconds; three of them and a time are exact in a double
local TOP_RANK = 3

local function human_queue(base, most_events)
  local clock = redis.call('TIME')
  local hq = {now = clock[1] * 1000 + math.floor(clock[2] / 1000)}

  local function score(item)
    if item.state == 'completed' then return item.completed_at end
    return (TOP_RANK - item.rank) * PRIORITY_STEP + item.since
  end

  local function index(item) return base .. item.state .. ':' .. item.tenant .. '|' .. item.queue end

  function hq.key(id) return base .. 'i:' .. id end

  function hq.ticket(tenant, ticket) return base .. 't:' .. tenant .. '|' .. ticket end

  function hq.leases() return base .. 'leases' end

  -- The fields of an item by name, or nil where there is none.
  function hq.read(id)
    local flat = redis.call('HGETALL', hq.key(id))
    if #flat == 0 then return nil end
    local item = {}
    for i = 1, #flat, 2 do item[flat[i]] = flat[i + 1] end
    return item
  end

  -- Writes fields, files the item where it then belongs, and tells the watchers.
  function hq.change(id, item, changes)
    local left = item.queue or changes.queue
    if item.state then redis.call('ZREM', index(item), id) end
    local flat = {}
    for field, value in pairs(changes) do
      item[field] = value
      flat[#flat + 1] = field
      flat[#flat + 1] = value
    end
    redis.call('HSET', hq.key(id), unpack(flat))
    redis.call('ZADD', index(item), score(item), id)
    redis.call('SADD', base .. 'tenants', item.tenant)
    redis.call('SADD', base .. 'queues:' .. item.tenant, item.queue)
    if item.state == 'claimed' then
      redis.call('ZADD', hq.leases(), item.lease_until, id)
    else
      redis.call('ZREM', hq.leases(), id)
    end
    redis.call('XADD', base .. 'events', 'MAXLEN', '~', most_events, '*',
      'i', id, 'tenant', item.tenant, 'queue', item.queue, 'left', left)
  end

  function hq.put_back(id, item)
    hq.change(id, item, {state = 'waiting', agent = '', lease_until = 0})
  end

  -- Keeps a completed item and what says that its ticket was seen to for `ttl` milliseconds more.
  function hq.expire(id, item, ttl)
    redis.call('PEXPIRE', hq.key(id), ttl)
    redis.call('PEXPIRE', hq.ticket(item.tenant, item.ticket), ttl)
    redis.call('ZREMRANGEBYSCORE', index(item), '-inf', hq.now - ttl)
    redis.call('PEXPIRE', index(item), ttl)
  end

  -- Why `agent` may not act on an item, or nil where the agent holds it under a lease that still runs.
  function hq.refusal(item, tenant, agent)
    if not item or item.tenant ~= tenant then return 'unknown' end
    if item.state == 'completed' then return 'completed' end
    if item.state == 'waiting' or tonumber(item.lease_until) <= hq.now then return 'waiting' end
    if item.agent ~= agent then return 'held' end
    return nil
  end

  -- What every script answers: a word and the item's fields (none of an item that is not the tenant's).
  function hq.answer(word, id)
    return {word, word == 'unknown' and {} or redis.call('HGETALL', hq.key(id))}
  end

  return hq
end
