/** The name behind an encoded one. If that was cut: its beginning, an ellipsis and 8 digits of its hash. */
export function decodeName(encoded: string): string {
  if (encoded === "%") return "";
  const [kept = "", hash] = encoded.split("~");
  const whole = hash === undefined ? kept : kept.replace(/%(?:u[\dA-F]{0,3}|[\dA-F]?)$/, "");
  const name = whole.replace(/%u([\dA-F]{4})|(?:%[\dA-F]{2})+/g, (escaped, unit: string | undefined) =>
    unit === undefined ? decodeBytes(escaped) : String.fromCharCode(Number.parseInt(unit, 16)),
  );
  return hash === undefined ? name : `${name}\u2026${hash.slice(0, 8)}`;
}

/** Percent-encoded UTF-8; the last character may have been cut. */
function decodeBytes(escaped: string): string {
  for (let end = escaped.length; end > 0; end -= 3) {
    try {
      return decodeURIComponent(escaped.slice(0, end));
    } catch {
      // The cut left an incomplete character: use one byte less.
    }
  }
  return "";
}
