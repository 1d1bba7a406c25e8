import MagicString from "magic-string";
import { parseFile } from "./parse.js";
import { isNode, type Node, nameOf, textOf, walk } from "./walk.js";

const FROM = "opossum";
const TO = "failfast/opossum";
/** Types that have another name here than in opossum's types; the others keep theirs. */
const TYPES: Readonly<Record<string, string>> = { Options: "BreakerOptions", State: "BreakerState" };
const SAME = new Set(["Bucket", "CacheTransport", "Stats", "Status", "StatusOptions", "default"]);
/** Calls of Jest, Vitest, and Node that take the name of a module. */
const NAMED_IN =
  /^(mock|unmock|doMock|dontMock|setMock|requireActual|requireMock|importActual|importMock|resolve)$/;

/** What has to be done by hand. */
export interface Remark {
  readonly line: number;
  readonly text: string;
}

export interface Rewritten {
  /** The file's new text; the old text if nothing has to be done. */
  readonly text: string;
  readonly remarks: readonly Remark[];
}

/**
 * Moves one file from opossum to failfast/opossum. It changes as little as possible, and never the number of lines.
 *
 * @throws {SyntaxError} if the file can't be parsed.
 */
export function rewrite(name: string, text: string): Rewritten {
  // Most files don't use opossum.
  if (!text.includes(FROM)) return { text, remarks: [] };
  const rewriting = new Rewriting(text);
  const program = parseFile(name, text);
  walk(program, (node, around) => rewriting.module(node, around));
  walk(program, (node, around) => rewriting.use(node, around));
  return { text: rewriting.text, remarks: rewriting.remarks.sort((one, other) => one.line - other.line) };
}

class Rewriting {
  readonly remarks: Remark[] = [];
  readonly #code: MagicString;
  /** The name of the class in this file. */
  readonly #names = new Set<string>();

  constructor(text: string) {
    this.#code = new MagicString(text);
  }

  get text(): string {
    return this.#code.toString();
  }

  /** The places that name the module. */
  module(node: Node, around: readonly Node[]): void {
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
          this.#remark(node, "exports all of opossum, which failfast/opossum has no names for");
        break;
      case "ImportExpression":
        if (this.#isOurs(source)) this.#renamed(source);
        break;
      case "TSImportEqualsDeclaration":
        this.#importEquals(node);
        break;
      case "TSImportType":
        if (this.#isOurs(source))
          this.#remark(node, `its types are those of "${TO}": BreakerOptions, Stats, Status`);
        break;
      case "TSModuleDeclaration":
        if (this.#isOurs(node["id"]))
          this.#remark(node, "declares the module opossum, which has its own types now");
        break;
      case "CallExpression":
      case "OptionalCallExpression":
        this.#moduleInCall(node, around);
        break;
    }
  }

  /** The places that use the class. */
  use(node: Node, around: readonly Node[]): void {
    this.#default(node, around);
    const callee = node["callee"];
    const called = nameOf(callee) ?? this.#classOf(callee, around);
    if (called === undefined || !this.#names.has(called)) return;
    const args = node["arguments"] as readonly Node[];
    if (node.type === "CallExpression") {
      if (isShadowed(called, around)) return;
      // In opossum's first versions it was a function.
      this.#code.appendLeft(node.start, "new ");
    } else if (node.type !== "NewExpression") return;
    this.#options(node, args[1]);
  }

  /** In opossum the class is its own `default`; in failfast/opossum it isn't. */
  #default(node: Node, around: readonly Node[]): void {
    if (this.#classOf(node, around) !== undefined) {
      this.#code.remove((partsOf(node)[0] as Node).end, node.end);
      return;
    }
    const from = node.type === "VariableDeclarator" ? nameOf(node["init"]) : undefined;
    if (from === undefined || !this.#names.has(from) || isShadowed(from, around)) return;
    const properties = (node["id"] as Node)["properties"] as readonly Node[] | undefined;
    if (properties?.some(({ key }) => nameOf(key) === "default"))
      this.#remark(node, `${from} is the class itself now, and has no default: write ${from} in place of it`);
  }

  /** The name of the class, if the node is the class's `default`. */
  #classOf(node: unknown, around: readonly Node[]): string | undefined {
    if (!isNode(node)) return undefined;
    const [object, property] = partsOf(node);
    const name = isNode(object) && object.type === "Identifier" ? nameOf(object) : undefined;
    if (name === undefined || !this.#names.has(name) || nameOf(property) !== "default") return undefined;
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
      this.#remark(node, "this breaker has no name; give it one before you share it through a store");
    if (has("maxFailures"))
      this.#remark(node, "maxFailures does nothing, in opossum neither: errorThresholdPercentage does");
  }

  #import(node: Node, source: Node): void {
    this.#renamed(source);
    const specifiers = node["specifiers"] as readonly Node[];
    for (const specifier of specifiers) {
      const local = specifier["local"] as Node;
      const imported = nameOf(specifier["imported"]);
      if (specifier.type === "ImportNamespaceSpecifier") {
        // Beside another import it stays as it is, with a default.
        if (specifiers.length > 1) continue;
        this.#names.add(nameOf(local) ?? "");
        this.#code.overwrite(specifier.start, local.start, "");
      } else if (specifier.type === "ImportDefaultSpecifier" || imported === "default") {
        this.#names.add(nameOf(local) ?? "");
      } else this.#type(specifier, imported, local);
    }
  }

  /** A type by its name. */
  #type(specifier: Node, imported: string | undefined, local: Node): void {
    const renamed = Object.hasOwn(TYPES, imported ?? "") ? TYPES[imported ?? ""] : undefined;
    if (renamed !== undefined) {
      const { start, end } = specifier["imported"] as Node;
      this.#code.overwrite(start, end, start === local.start ? `${renamed} as ${imported}` : renamed);
    } else if (!SAME.has(imported ?? "")) this.#remark(specifier, `"${TO}" has no ${imported}`);
  }

  #export(node: Node, source: Node): void {
    this.#renamed(source);
    for (const specifier of node["specifiers"] as readonly Node[]) {
      const local = nameOf(specifier["local"]);
      if (local !== undefined && !SAME.has(local)) this.#remark(specifier, `"${TO}" has no ${local}`);
    }
  }

  /** `import X = require("opossum")`. */
  #importEquals(node: Node): void {
    const reference = node["moduleReference"];
    const source = isNode(reference) ? reference["expression"] : undefined;
    if (!isNode(reference) || !this.#isOurs(source)) return;
    const id = node["id"] as Node;
    this.#names.add(nameOf(id) ?? "");
    this.#code.overwrite(id.end, source.start, " from ");
    this.#code.remove(source.end, reference.end);
    this.#renamed(source);
    if (this.#code.original.startsWith("export", node.start))
      this.#remark(node, "is exported as it is imported: write export { default as … } from");
  }

  #moduleInCall(node: Node, around: readonly Node[]): void {
    const [source] = node["arguments"] as readonly unknown[];
    if (!this.#isOurs(source)) {
      const path = textOf(source);
      if (path?.startsWith(`${FROM}/`) && nameOf(node["callee"]) === "require")
        this.#remark(node, `${path} is a part of opossum that failfast/opossum doesn't have`);
      return;
    }
    const callee = node["callee"] as Node;
    if (callee.type === "Import") this.#renamed(source);
    else if (nameOf(callee) === "require") this.#require(node, source, around.at(-1));
    else if (NAMED_IN.test(nameOf(callee["property"]) ?? "")) {
      this.#renamed(source);
      if (/mock/i.test(nameOf(callee["property"]) ?? ""))
        this.#remark(
          node,
          "your mock must now export the class as `default`: `{ __esModule: true, default: … }`",
        );
    }
  }

  #require(node: Node, source: Node, parent: Node | undefined): void {
    this.#renamed(source);
    const id = parent?.type === "VariableDeclarator" ? (parent["id"] as Node) : undefined;
    const member = parent?.["object"] === node ? nameOf(parent["property"]) : undefined;
    const destructured = (id?.["properties"] as readonly Node[] | undefined)?.find(
      (each) => nameOf(each["key"]) === "default",
    );
    // Read by ES modules that were compiled to CommonJS.
    if (member === "default") return;
    if (destructured !== undefined) {
      this.#names.add(nameOf(destructured["value"]) ?? "");
      return;
    }
    const name = id?.type === "Identifier" ? nameOf(id) : undefined;
    if (id === undefined || name === undefined || id["typeAnnotation"]) {
      this.#code.appendRight(node.end, ".default");
      return;
    }
    this.#names.add(name);
    this.#code.overwrite(id.start, id.end, `{ default: ${name} }`);
  }

  #isOurs(node: unknown): node is Node {
    return textOf(node) === FROM;
  }

  /** The name of the module, in its original quotes. */
  #renamed({ start, end }: Node): void {
    this.#code.overwrite(start + 1, end - 1, TO);
  }

  #remark({ loc }: Node, text: string): void {
    this.remarks.push({ line: loc.start.line, text });
  }
}

/** The parts of `object.property`, as a value and as a type. */
const partsOf = (node: Node): readonly [unknown, unknown] =>
  node.type === "TSQualifiedName" ? [node["left"], node["right"]] : [node["object"], node["property"]];

/** Whether a function around it has a parameter or a variable with that name. */
function isShadowed(name: string, around: readonly Node[]): boolean {
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
