/** A Lua script, with the SHA-1 of its text: the name by which Redis knows it once it has run. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/** What runs scripts: every key one touches is among its keys, and all of them are in one slot. */
export interface Scripting {
  /** Rejects with an error that says NOSCRIPT where Redis doesn't know it. */
  evalsha(sha1: string, keys: string[], args: string[]): Promise<unknown>;
  eval(text: string, keys: string[], args: string[]): Promise<unknown>;
}

/**
 * What becomes of one record, atomically. KEYS: the record, and the index of all records, or no index. ARGV:
 * the verb ("get"; "delete"; or when to write: "always", "absent": only if nothing is stored, "equal": only if
 * the next one is), what must be stored, the value, its time to live in ms, the channel, the record's name.
 * Answers whether it wrote, Redis's clock in ms, and what is stored now. With "index" the only key is the
 * index, and all it does is to put the name there.
 *
 * What is no string is nothing: it is nobody's record, and is written over. A refused write puts the record it found into the index as well, so that an index that was lost heals. A
 * PUBLISH that fails leaves the write standing: watchers poll as well. Texts are answered behind a "=", which
 * keeps a client that would parse them as JSON from it.
 */
export const WRITE: Script = {
  text: `local verb, expected, value, ttl, channel, name = unpack(ARGV)
local record, index = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function put(index)
  local known = redis.call('ZSCORE', index, name) or now
  local lives = math.max(ttl, known - now)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
  redis.call('ZADD', index, now + lives, name)
  redis.call('PEXPIRE', index, math.max(redis.call('PTTL', index), lives))
end
if verb == 'index' then
  put(record)
  return {}
end
if verb == 'delete' then
  if index then redis.call('ZREM', index, name) end
  return {redis.call('DEL', record)}
end
local stored = verb ~= 'always' and redis.pcall('GET', record)
if type(stored) == 'table' then
  if not string.find(stored.err, 'WRONGTYPE', 1, true) then return stored end
  stored = false
end
local write = verb == 'always' or stored == ({absent = false, equal = expected})[verb]
if write then
  redis.call('SET', record, value, 'PX', ttl)
  redis.pcall('PUBLISH', channel, cjson.encode({name, value, now}))
  stored = value
end
if stored and index then put(index) end
return {write and 1 or 0, now, stored and '=' .. stored}`,
  sha1: "2eda7cd189c0a6f8b208138e3540bbe5275df6b9",
};

/** Redis's clock in ms, and the values under KEYS, or with an ARGV the names in the index KEYS[1]. */
export const READ: Script = {
  text: `local found = ARGV[1] and redis.call('ZRANGE', KEYS[1], 0, -1) or redis.call('MGET', unpack(KEYS))
for i, text in ipairs(found) do found[i] = text and '=' .. text end
local time = redis.call('TIME')
return {time[1] * 1000 + math.floor(time[2] / 1000), found}`,
  sha1: "c7519be45c01654e54ac77075c394fc431e55c36",
};

/** Runs a script by its name, or by its text where Redis doesn't know it (yet, or any more). */
export async function run(
  redis: Scripting,
  script: Script,
  keys: string[],
  args: string[] = [],
): Promise<readonly unknown[]> {
  const answer = await redis.evalsha(script.sha1, keys, args).catch((error: unknown) => {
    // Clients put words of their own before and after Redis's.
    if (!(error instanceof Error && error.message.includes("NOSCRIPT"))) throw error;
    return redis.eval(script.text, keys, args);
  });
  // A client over HTTP makes a result of an aborted request.
  if (!Array.isArray(answer)) throw new Error("the Redis client gave no answer of its script");
  return answer;
}
