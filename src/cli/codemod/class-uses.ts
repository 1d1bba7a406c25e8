import type { Draft } from "./draft.js";
import { isShadowed } from "./shadowing.js";
import { isNode, type Node, nameOf, textOf } from "./walk.js";

/** Rewrites the places that use opossum's class, in a draft that has its names. */
export class ClassUses {
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  visit(node: Node, around: readonly Node[]): void {
    this.#default(node, around);
    const callee = node["callee"];
    const called = nameOf(callee) ?? this.#classOf(callee, around);
    if (called === undefined || !this.#draft.classNames.has(called)) return;
    const args = node["arguments"] as readonly Node[];
    if (node.type === "CallExpression") {
      if (isShadowed(called, around)) return;
      // In opossum's first versions it was a function.
      this.#draft.code.appendLeft(node.start, "new ");
    } else if (node.type !== "NewExpression") return;
    this.#options(node, args[1]);
  }

  /** In opossum the class is its own `default`; in failfast/opossum it isn't. */
  #default(node: Node, around: readonly Node[]): void {
    if (this.#classOf(node, around) !== undefined) {
      this.#draft.code.remove((partsOf(node)[0] as Node).end, node.end);
      return;
    }
    const from = node.type === "VariableDeclarator" ? nameOf(node["init"]) : undefined;
    if (from === undefined || !this.#draft.classNames.has(from) || isShadowed(from, around)) return;
    const properties = (node["id"] as Node)["properties"] as readonly Node[] | undefined;
    if (properties?.some(({ key }) => nameOf(key) === "default"))
      this.#draft.remark(
        node,
        `${from} is the class itself now, and has no default: write ${from} in place of it`,
      );
  }

  /** The name of the class, if the node is the class's `default`. */
  #classOf(node: unknown, around: readonly Node[]): string | undefined {
    if (!isNode(node)) return undefined;
    const [object, property] = partsOf(node);
    const name = isNode(object) && object.type === "Identifier" ? nameOf(object) : undefined;
    if (name === undefined || !this.#draft.classNames.has(name) || nameOf(property) !== "default")
      return undefined;
    // The value of a variable is not known.
    if (node["computed"] === true && textOf(property) === undefined) return undefined;
    return isShadowed(name, around) ? undefined : name;
  }

  #options(node: Node, options: Node | undefined): void {
    const properties =
      options?.type === "ObjectExpression" ? (options["properties"] as readonly Node[]) : undefined;
    const has = (name: string): boolean => properties?.some((each) => nameOf(each["key"]) === name) ?? false;
    const spread = properties?.some((each) => each.type === "SpreadElement") ?? options !== undefined;
    if (!spread && !has("name"))
      this.#draft.remark(node, "this breaker has no name; give it one before you share it through a store");
    if (has("maxFailures"))
      this.#draft.remark(node, "maxFailures does nothing, in opossum neither: errorThresholdPercentage does");
  }
}

/** The parts of `object.property`, as a value and as a type. */
const partsOf = (node: Node): readonly [unknown, unknown] =>
  node.type === "TSQualifiedName" ? [node["left"], node["right"]] : [node["object"], node["property"]];
