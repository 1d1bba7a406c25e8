import { type ParserPlugin, parse } from "@babel/parser";
import type { Node } from "./walk.js";

/**
 * The syntax tree of a JavaScript or TypeScript file, by the ending of its name.
 *
 * @throws {SyntaxError} if it can't be parsed.
 */
export function parseFile(name: string, text: string): Node {
  const typescript = /\.[cm]?tsx?$/.test(name);
  const plugins: ParserPlugin[] = ["decorators-legacy"];
  if (typescript) plugins.push("typescript");
  else if (/@flow\b/.test(text)) plugins.push("flow");
  // In .ts `<T>value` is a cast, and not an element.
  if (!typescript || name.endsWith("x")) plugins.push("jsx");
  return parse(text, {
    sourceType: "unambiguous",
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
    allowSuperOutsideMethod: true,
    allowUndeclaredExports: true,
    attachComment: false,
    plugins,
  }).program as unknown as Node;
}
