import type { Draft } from "./draft.js";
import { isNode, type Node, nameOf, textOf } from "./walk.js";

export const FROM = "opossum";
const TO = "failfast/opossum";
/** Types that have another name here than in opossum's types; the others keep theirs. */
const TYPES: Readonly<Record<string, string>> = { Options: "BreakerOptions", State: "BreakerState" };
const SAME = new Set(["Bucket", "CacheTransport", "Stats", "Status", "StatusOptions", "default"]);
/** Calls of Jest, Vitest, and Node that take the name of a module. */
const NAMED_IN =
  /^(mock|unmock|doMock|dontMock|setMock|requireActual|requireMock|importActual|importMock|resolve)$/;

/** Rewrites the places that name the module, and notes the names that the class gets there. */
export class ModuleReferences {
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  visit(node: Node, around: readonly Node[]): void {
    const source = node["source"] ?? node["argument"];
    switch (node.type) {
      case "ImportDeclaration":
        if (this.#isOurs(source)) this.#import(node, source);
        break;
      case "ExportNamedDeclaration":
        if (this.#isOurs(source)) this.#export(node, source);
        break;
      case "ExportAllDeclaration":
        if (this.#isOurs(source))
          this.#draft.remark(node, "exports all of opossum, which failfast/opossum has no names for");
        break;
      case "ImportExpression":
        if (this.#isOurs(source)) this.#rename(source);
        break;
      case "TSImportEqualsDeclaration":
        this.#importEquals(node);
        break;
      case "TSImportType":
        if (this.#isOurs(source))
          this.#draft.remark(node, `its types are those of "${TO}": BreakerOptions, Stats, Status`);
        break;
      case "TSModuleDeclaration":
        if (this.#isOurs(node["id"]))
          this.#draft.remark(node, "declares the module opossum, which has its own types now");
        break;
      case "CallExpression":
      case "OptionalCallExpression":
        this.#moduleInCall(node, around);
        break;
    }
  }

  #import(node: Node, source: Node): void {
    this.#rename(source);
    const specifiers = node["specifiers"] as readonly Node[];
    for (const specifier of specifiers) {
      const local = specifier["local"] as Node;
      const imported = nameOf(specifier["imported"]);
      if (specifier.type === "ImportNamespaceSpecifier") {
        // Beside another import it stays as it is, with a default.
        if (specifiers.length > 1) continue;
        this.#draft.classNames.add(nameOf(local) ?? "");
        this.#draft.code.overwrite(specifier.start, local.start, "");
      } else if (specifier.type === "ImportDefaultSpecifier" || imported === "default") {
        this.#draft.classNames.add(nameOf(local) ?? "");
      } else this.#type(specifier, imported, local);
    }
  }

  /** A type by its name. */
  #type(specifier: Node, imported: string | undefined, local: Node): void {
    const renamed = Object.hasOwn(TYPES, imported ?? "") ? TYPES[imported ?? ""] : undefined;
    if (renamed !== undefined) {
      const { start, end } = specifier["imported"] as Node;
      this.#draft.code.overwrite(start, end, start === local.start ? `${renamed} as ${imported}` : renamed);
    } else if (!SAME.has(imported ?? "")) this.#draft.remark(specifier, `"${TO}" has no ${imported}`);
  }

  #export(node: Node, source: Node): void {
    this.#rename(source);
    for (const specifier of node["specifiers"] as readonly Node[]) {
      const local = nameOf(specifier["local"]);
      if (local !== undefined && !SAME.has(local)) this.#draft.remark(specifier, `"${TO}" has no ${local}`);
    }
  }

  /** `import X = require("opossum")`. */
  #importEquals(node: Node): void {
    const reference = node["moduleReference"];
    const source = isNode(reference) ? reference["expression"] : undefined;
    if (!isNode(reference) || !this.#isOurs(source)) return;
    const id = node["id"] as Node;
    this.#draft.classNames.add(nameOf(id) ?? "");
    this.#draft.code.overwrite(id.end, source.start, " from ");
    this.#draft.code.remove(source.end, reference.end);
    this.#rename(source);
    if (this.#draft.code.original.startsWith("export", node.start))
      this.#draft.remark(node, "is exported as it is imported: write export { default as … } from");
  }

  #moduleInCall(node: Node, around: readonly Node[]): void {
    const [source] = node["arguments"] as readonly unknown[];
    if (!this.#isOurs(source)) {
      const path = textOf(source);
      if (path?.startsWith(`${FROM}/`) && nameOf(node["callee"]) === "require")
        this.#draft.remark(node, `${path} is a part of opossum that failfast/opossum doesn't have`);
      return;
    }
    const callee = node["callee"] as Node;
    if (callee.type === "Import") this.#rename(source);
    else if (nameOf(callee) === "require") this.#require(node, source, around.at(-1));
    else if (NAMED_IN.test(nameOf(callee["property"]) ?? "")) {
      this.#rename(source);
      if (/mock/i.test(nameOf(callee["property"]) ?? ""))
        this.#draft.remark(
          node,
          "your mock must now export the class as `default`: `{ __esModule: true, default: … }`",
        );
    }
  }

  #require(node: Node, source: Node, parent: Node | undefined): void {
    this.#rename(source);
    const id = parent?.type === "VariableDeclarator" ? (parent["id"] as Node) : undefined;
    const member = parent?.["object"] === node ? nameOf(parent["property"]) : undefined;
    const destructured = (id?.["properties"] as readonly Node[] | undefined)?.find(
      (each) => nameOf(each["key"]) === "default",
    );
    // Read by ES modules that were compiled to CommonJS.
    if (member === "default") return;
    if (destructured !== undefined) {
      this.#draft.classNames.add(nameOf(destructured["value"]) ?? "");
      return;
    }
    const name = id?.type === "Identifier" ? nameOf(id) : undefined;
    if (id === undefined || name === undefined || id["typeAnnotation"]) {
      this.#draft.code.appendRight(node.end, ".default");
      return;
    }
    this.#draft.classNames.add(name);
    this.#draft.code.overwrite(id.start, id.end, `{ default: ${name} }`);
  }

  #isOurs(node: unknown): node is Node {
    return textOf(node) === FROM;
  }

  /** The name of the module, in its original quotes. */
  #rename({ start, end }: Node): void {
    this.#draft.code.overwrite(start + 1, end - 1, TO);
  }
}
