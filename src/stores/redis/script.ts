import type { Connection } from "./connection.js";

/** A Lua script, with the SHA-1 of its text: the name by which Redis knows it once it has run. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/**
 * Writes one value and tells the watchers, atomically. ARGV: when to write ("always"; "absent": only if
 * nothing is stored; "equal": only if the next one is), what must be stored, the value, its time to live
 * in ms, the channel, the name watchers know the key by. Answers whether it wrote, Redis's clock in ms, and
 * what is stored now. A PUBLISH that fails leaves the write standing: watchers poll as well.
 */
export const WRITE: Script = {
  text: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] ~= 'always' then
  local stored = redis.call('GET', KEYS[1])
  if stored ~= (ARGV[1] == 'equal' and ARGV[2]) then return {0, now, stored} end
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
redis.pcall('PUBLISH', ARGV[5], cjson.encode({ARGV[6], ARGV[3], now}))
return {1, now, ARGV[3]}`,
  sha1: "65511f4272f11eb467e760f58fdc3f07924ce235",
};

/** Runs a script by its name, or by its text where Redis doesn't know it (yet, or any more). */
export async function evaluate(
  connection: Connection,
  script: Script,
  key: string,
  args: readonly string[],
): Promise<readonly unknown[]> {
  try {
    return (await connection.send(["evalsha", script.sha1, "1"], [key], args)) as unknown[];
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return (await connection.send(["eval", script.text, "1"], [key], args)) as unknown[];
  }
}
