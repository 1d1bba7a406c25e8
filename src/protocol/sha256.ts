const ROUNDS = 64;

/**
 * SHA-256 (FIPS 180-4) of an ASCII string, in hexadecimal.
 *
 * Written out because it has to be synchronous and the same on every runtime, and because the core has no dependency.
 * It runs only for names that are too long to be keys.
 */
export function sha256(ascii: string): string {
  const { k, h: hash } = constants();
  const words = padded(ascii);
  const w = new Int32Array(ROUNDS);
  for (let block = 0; block < words.length; block += 16) {
    for (let i = 0; i < ROUNDS; i++) {
      w[i] =
        i < 16
          ? at(words, block + i)
          : (at(w, i - 16) + small0(at(w, i - 15)) + at(w, i - 7) + small1(at(w, i - 2))) | 0;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
    for (let i = 0; i < ROUNDS; i++) {
      const t1 = (h + big1(e) + ((e & f) ^ (~e & g)) + at(k, i) + at(w, i)) | 0;
      const t2 = (big0(a) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) hash[i] = (at(hash, i) + value) | 0;
  }
  return hash.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

const at = (from: ArrayLike<number>, index: number): number => from[index] as number;
const turn = (x: number, by: number): number => (x >>> by) | (x << (32 - by));
const small0 = (x: number): number => turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
const small1 = (x: number): number => turn(x, 17) ^ turn(x, 19) ^ (x >>> 10);
const big0 = (x: number): number => turn(x, 2) ^ turn(x, 13) ^ turn(x, 22);
const big1 = (x: number): number => turn(x, 6) ^ turn(x, 11) ^ turn(x, 25);

/** The message, a one bit, zeros, and its length in bits in the last two words. */
function padded(ascii: string): Int32Array {
  const words = new Int32Array(((ascii.length + 8) >> 6) * 16 + 16);
  for (let i = 0; i <= ascii.length; i++) {
    const byte = i < ascii.length ? ascii.charCodeAt(i) : 0x80;
    words[i >> 2] = at(words, i >> 2) | (byte << (24 - 8 * (i & 3)));
  }
  words[words.length - 2] = Math.floor(ascii.length / 2 ** 29);
  words[words.length - 1] = ascii.length << 3;
  return words;
}

/** The first 32 bits of the fractions of the first primes' cube roots (k) and square roots (h). */
function constants(): { k: number[]; h: number[] } {
  const k: number[] = [];
  const h: number[] = [];
  for (let n = 2; k.length < ROUNDS; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    k.push(fraction(n ** (1 / 3)));
    if (h.length < 8) h.push(fraction(n ** 0.5));
  }
  return { k, h };
}

function fraction(x: number): number {
  return ((x - Math.floor(x)) * 2 ** 32) | 0;
}
