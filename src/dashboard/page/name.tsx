import type { JSX } from "preact";

/** Longer than this is cut off: the rest is in the details. */
const SHOWN = 300;

/** What a stranger may have written: as text, in a direction of its own that turns nothing around it. */
export function Foreign({ text, shown = SHOWN }: { text: string; shown?: number }): JSX.Element {
  if (text === "") return <bdi class="nothing">(empty)</bdi>;
  return <bdi dir="auto">{text.length > shown ? `${text.slice(0, shown)}…` : text}</bdi>;
}
