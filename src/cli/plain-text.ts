/** Characters that move the cursor, change colours, or turn the direction of what follows; and halves of characters. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * A text from elsewhere, such as a circuit's name or an operator's reason, in a form that is harmless in a terminal.
 */
export function plain(text: string): string {
  return text.replace(UNSAFE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** Characters with a width of two columns. */
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;

const widthOfOne = (character: string): number =>
  /^\p{Mark}+$/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;

/** Almost every text has only these: one column each, and nothing to join. */
const NARROW = /^[\u0020-\u007e\u00a1-\u02ff\u2026]*$/;

/** How many columns it takes. */
export function widthOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segments.segment(text)) width += widthOfOne(segment);
  return width;
}

/** Its beginning, with an ellipsis if the whole takes more columns. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (NARROW.test(text)) return `${text.slice(0, columns - 1)}…`;
  let kept = "";
  let width = 0;
  for (const { segment } of segments.segment(text)) {
    width += widthOfOne(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
