/** A Lua script with the SHA-1 of its text, the name under which Redis knows it once it has run. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/** Runs scripts. Every key that a script uses is among its keys, and all of them are in one slot. */
export interface Scripting {
  /** Rejects with an error that contains NOSCRIPT if Redis doesn't know the script. */
  evalsha(sha1: string, keys: string[], args: string[]): Promise<unknown>;
  eval(text: string, keys: string[], args: string[]): Promise<unknown>;
}

/**
 * Reads or changes one record, atomically. KEYS: the record, and the index of all records, or no index. ARGV: the
 * operation ("get"; "delete"; or when to write: "always", "absent" if nothing is stored, "equal" if the next argument
 * is stored), what must be stored, the value, its time to live in ms, the channel, the record's name. It returns
 * whether it wrote, Redis's clock in ms, and what is stored now. With "changed" or "found" the only key is the index,
 * and the script only adds the name to it.
 *
 * The index is one sorted set: `x<name>` with the moment the record expires, in ms; `c<name>` with the number of its
 * last change; `last`, the highest such number, and `born`, the first. These numbers are Redis's clock in microseconds,
 * or one more than the last, and so are above every moment in ms.
 *
 * A value that is not a string counts as absent, and bytes that are not UTF-8 are equal to any expectation: they are no
 * record, no client could send them back as they are, and they are overwritten. A refused write also adds the
 * record it found to the index, so that a lost index is repaired. If PUBLISH fails, the write remains: watchers poll as
 * well. Without a channel nothing is published. Texts in the answer come after a "=", so that a client which parses
 * JSON leaves them alone.
 */
export const WRITE: Script = {
  text: `local verb, expected, value, ttl, channel, name = unpack(ARGV)
local record, index = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function put(index, changed)
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 1000)) do
    redis.call('ZREM', index, old, 'c' .. old:sub(2))
  end
  local known = redis.call('ZSCORE', index, 'x' .. name) or now
  local lives = math.max(ttl, known - now)
  redis.call('ZADD', index, now + lives, 'x' .. name)
  if changed or not redis.call('ZSCORE', index, 'c' .. name) then
    local last = redis.call('ZSCORE', index, 'last') or 0
    local change = math.max(last + 1, time[1] * 1000000 + time[2])
    redis.call('ZADD', index, change, 'last', change, 'c' .. name)
    redis.call('ZADD', index, 'NX', change, 'born')
  end
  redis.call('PEXPIRE', index, math.max(redis.call('PTTL', index), lives))
end
if verb == 'changed' or verb == 'found' then
  put(record, verb == 'changed')
  return {}
end
if verb == 'delete' then
  if index then redis.call('ZREM', index, 'x' .. name, 'c' .. name) end
  return {redis.call('DEL', record)}
end
local stored = verb ~= 'always' and redis.pcall('GET', record)
if type(stored) == 'table' then
  if not string.find(stored.err, 'WRONGTYPE', 1, true) then return stored end
  stored = false
end
local write = verb == 'always' or stored == ({absent = false, equal = expected})[verb]
if verb == 'equal' and stored and not write then
  local rest = stored:gsub('[\\194-\\223][\\128-\\191]', 'x'):gsub('[\\224-\\239][\\128-\\191][\\128-\\191]', 'x')
  write = rest:gsub('[\\240-\\244][\\128-\\191][\\128-\\191][\\128-\\191]', 'x'):find('[\\128-\\255]') ~= nil
end
if write then
  redis.call('SET', record, value, 'PX', ttl)
  if channel ~= '' then redis.pcall('PUBLISH', channel, cjson.encode({name, value, now})) end
  stored = value
end
if stored and index then put(index, write) end
return {write and 1 or 0, now, stored and '=' .. stored}`,
  sha1: "fc495529691d7cb3424fae7d6f709a475ef7ebfd",
};

/** Redis's clock in ms, and the values under KEYS. */
export const READ: Script = {
  text: `local found = redis.call('MGET', unpack(KEYS))
for i, text in ipairs(found) do found[i] = text and '=' .. text end
local time = redis.call('TIME')
return {time[1] * 1000 + math.floor(time[2] / 1000), found}`,
  sha1: "72b87c579f83c86f97a476aaae44f41d5df2ee41",
};

/**
 * A page of the names in the index KEYS[1], in the order of their last changes: Redis's clock in ms, at most ARGV[2]
 * names, a cursor, and whether the page begins with the first name. If ARGV[1] is a cursor of the same index on the same
 * run of the same server, the page has what changed after it. Another server, or one that was restarted, may lack the
 * last writes. What changes between two pages comes again in a later one, so nothing is left out. A name whose record
 * has expired may be among them, and two numbers in place of names.
 */
export const NAMES: Script = {
  text: `local index, since, limit = KEYS[1], ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and info:match('run_id:(%x+)') or ''
local last = redis.call('ZSCORE', index, 'last') or '0'
local head = run .. '.' .. (redis.call('ZSCORE', index, 'born') or '0') .. '.'
local from = since:sub(1, #head) == head and tonumber(since:sub(#head + 1))
local all = not from or from > tonumber(last)
local after = all and '1e14' or since:sub(#head + 1)
local found = redis.call('ZRANGEBYSCORE', index, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
local names = {}
for at = 1, #found, 2 do
  local member = found[at]
  names[#names + 1] = member ~= 'last' and member ~= 'born' and '=' .. member:sub(2) or 0
end
local reached = #names == tonumber(limit) and found[#found] or last
return {now, names, head .. reached, all and 1 or 0}`,
  sha1: "67bee6bedb0c52f2802f4690a6c286873ad0f352",
};

/** Runs a script by its name, or by its text if Redis doesn't know it (yet, or any more). */
export async function run(
  redis: Scripting,
  script: Script,
  keys: string[],
  args: string[] = [],
): Promise<readonly unknown[]> {
  const answer = await redis.evalsha(script.sha1, keys, args).catch((error: unknown) => {
    // Clients add their own words before and after Redis's.
    if (!(error instanceof Error && /noscript/i.test(error.message))) throw error;
    return redis.eval(script.text, keys, args);
  });
  // A client over HTTP returns a result for an aborted request.
  if (!Array.isArray(answer)) throw new Error("the Redis client gave no answer of its script");
  return answer;
}
