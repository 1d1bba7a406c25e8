/**
 * A text as one token of a NATS subject. Letters, digits, `_` and `-` stay as they are, a colon becomes `/`, and
 * everything else becomes `=2E`, or `=u2603` above 255.
 */
export function encodeToken(text: string): string {
  return text.replace(/[^\w-]/g, (unit) => {
    if (unit === ":") return "/";
    const code = unit.charCodeAt(0);
    return code < 0x100 ? `=${hex(code, 2)}` : `=u${hex(code, 4)}`;
  });
}

export function decodeToken(token: string): string {
  return token.replace(/\/|=(?:u([\dA-F]{4})|([\dA-F]{2}))/g, (written, unit?: string, byte?: string) =>
    written === "/" ? ":" : String.fromCharCode(Number.parseInt(unit ?? byte ?? "", 16)),
  );
}

const hex = (code: number, digits: number): string => code.toString(16).toUpperCase().padStart(digits, "0");
