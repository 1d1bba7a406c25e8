import { encodeName } from "../../protocol/key.js";
import { sha256 } from "../../protocol/sha256.js";

/** memcached's own limit, in bytes. */
const LONGEST = 250;
const KEPT = 100;

/**
 * How the keys of a store with this prefix are written: `<prefix>:<key>`, with the prefix encoded like a circuit's
 * name, except its colons. A key that is too long for memcached, or that has a character which no record's key has, is
 * replaced by the SHA-256 of the whole: `<prefix>:~<hash>`.
 */
export function naming(prefix: string): (key: string) => string {
  const encoded = prefix.split(":").map(encodeName).join(":");
  return (key) => {
    const name = `${encoded}:${key}`;
    if (name.length <= LONGEST && /^[\w.:%~-]+$/.test(key)) return name;
    return `${encoded.slice(0, KEPT)}:~${sha256(name)}`;
  };
}
