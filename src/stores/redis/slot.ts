const { TextEncoder } = globalThis as unknown as {
  TextEncoder: new () => { encode(text: string): Iterable<number> };
};

/** The slot of a key in a Cluster: CRC-16 (XMODEM) of the part between its first braces, or of the whole key. */
export function slotOf(key: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key;
  let crc = 0;
  for (const byte of new TextEncoder().encode(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return crc & 0x3fff;
}
