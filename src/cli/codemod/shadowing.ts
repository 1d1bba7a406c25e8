import { isNode, type Node, nameOf, walk } from "./walk.js";

/** Whether a function around it has a parameter or a variable with that name. */
export function isShadowed(name: string, around: readonly Node[]): boolean {
  const declares = (node: unknown): boolean => {
    if (!isNode(node)) return false;
    let found = false;
    walk(node, (each) => {
      found ||= nameOf(each) === name;
    });
    return found;
  };
  return around.some((node) => {
    // The type arguments of a generic type.
    if (node.type.endsWith("ParameterInstantiation")) return false;
    if ((node["params"] as readonly unknown[] | undefined)?.some(declares)) return true;
    if (node.type !== "BlockStatement") return false;
    const statements = node["body"] as readonly Node[];
    return statements.some((each) => {
      if (each.type !== "VariableDeclaration") return nameOf(each["id"]) === name;
      const declarators = each["declarations"] as readonly Node[];
      return declarators.some(({ id, init }) => declares(id) && !(isNode(init) && isRequire(init)));
    });
  });
}

const isRequire = (node: Node): boolean => nameOf(node["callee"]) === "require";
