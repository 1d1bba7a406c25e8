import MagicString from "magic-string";
import type { Node } from "./walk.js";

/** What has to be done by hand. */
export interface Remark {
  readonly line: number;
  readonly text: string;
}

/** One file while it is rewritten. */
export class Draft {
  readonly code: MagicString;
  readonly remarks: Remark[] = [];
  /** The names of opossum's class in this file. */
  readonly classNames: Set<string> = new Set();

  constructor(text: string) {
    this.code = new MagicString(text);
  }

  remark({ loc }: Node, text: string): void {
    this.remarks.push({ line: loc.start.line, text });
  }
}
