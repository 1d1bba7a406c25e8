import { detectClient, type RedisClient } from "../redis/detect-client.js";
import { run, type Script } from "../redis/script.js";
import type { DjangoCache } from "./marker.js";

/** Redis's clock in ms, the remaining life of KEYS[1], and its first bytes in hex; 00 if it is not a text. */
export const LOOK: Script = {
  text: `local value = redis.pcall('GET', KEYS[1])
local time = redis.call('TIME')
if type(value) == 'table' then value = '\\0' end
if value then
  value = value:sub(1, 32):gsub('.', function(byte) return string.format('%02x', byte:byte()) end)
end
return {time[1] * 1000 + math.floor(time[2] / 1000), redis.call('PTTL', KEYS[1]), value}`,
  sha1: "0e58e4554120d2bb30663ba0fe3ac1cfbd967854",
};

/** Stores ARGV[1] under KEYS[1] for ARGV[2] ms, unless the value there lives longer. */
export const MARK: Script = {
  text: `local left = redis.call('PTTL', KEYS[1])
if left ~= -1 and left < tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return {}`,
  sha1: "6a53134744ab49b94701b06591721d549c172788",
};

/**
 * Django's cache in Redis: its own `RedisCache`, or `RedisCache` of django-redis with any serializer and compressor.
 * Markers are whole numbers in digits, which all of them read before they try anything else.
 *
 * @param client of node-redis, ioredis or iovalkey, on the database of Django's `LOCATION`, with no key prefix of its own.
 * @throws {TypeError} anything else.
 */
export function djangoRedis(client: RedisClient): DjangoCache {
  const connection = detectClient(client);
  if (connection.keyPrefix !== "") {
    throw new TypeError(
      `djangoRedis() takes a client without a key prefix, got one with "${connection.keyPrefix}", which Django ` +
        "does not know; Django's own goes to djangoCacheStore(…, { keyPrefix })",
    );
  }
  const call = (script: Script, key: string, ...args: string[]): Promise<readonly unknown[]> =>
    run(
      {
        evalsha: (sha1, keys, rest) => connection.send(["evalsha", sha1, "1"], keys, rest),
        eval: (text, keys, rest) => connection.send(["eval", text, "1"], keys, rest),
      },
      script,
      [key],
      args,
    );
  return {
    fits: () => true,
    async read(key) {
      const [now, left, hex] = await call(LOOK, key);
      const bytes =
        typeof hex === "string"
          ? hex.replace(/../g, (byte) => String.fromCharCode(Number.parseInt(byte, 16)))
          : null;
      return { bytes, now: Number(now), left: Number(left) < 0 ? undefined : Number(left) };
    },
    mark: (key, mark, ms) => call(MARK, key, String(mark), String(ms)),
    clear: (key) => connection.send(["del"], [key], []),
  };
}
