/** A node of a syntax tree, with the parts that the codemod reads. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: { readonly line: number } };
  readonly [field: string]: unknown;
}

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

/** Visits a node and everything in it, each with the nodes around it, the nearest last. */
export function walk(
  node: Node,
  visit: (node: Node, around: readonly Node[]) => void,
  around: readonly Node[] = [],
): void {
  visit(node, around);
  const within = [...around, node];
  for (const [field, value] of Object.entries(node)) {
    if (field === "loc" || field === "tokens" || field.endsWith("Comments")) continue;
    for (const each of Array.isArray(value) ? value : [value]) if (isNode(each)) walk(each, visit, within);
  }
}

/** The text of a string literal, or of a template without expressions. */
export function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "StringLiteral") return String(node["value"]);
  const quasis = node["quasis"] as { value: { cooked: string } }[] | undefined;
  return node.type === "TemplateLiteral" && quasis?.length === 1 ? quasis[0]?.value.cooked : undefined;
}

export const nameOf = (node: unknown): string | undefined =>
  isNode(node) && (node.type === "Identifier" || node.type === "JSXIdentifier")
    ? String(node["name"])
    : textOf(node);
