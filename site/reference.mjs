// The API reference, generated from the docstrings: a page for each subpath.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";
import { subpaths } from "../scripts/exports.mjs";
import { PAGES } from "./stage.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Writes the pages of `reference`, with the order of its menu. */
export async function writeReference() {
  const out = join(PAGES, "reference");
  const app = await Application.bootstrapWithPlugins({
    entryPoints: subpaths.map(({ file }) => sourceOf(file)),
    tsconfig: join(root, "tsconfig.build.json"),
    basePath: root,
    plugin: ["typedoc-plugin-markdown"],
    outputs: [{ name: "markdown", path: out }],
    cleanOutputDir: false,
    router: "module",
    readme: "none",
    name: "Reference",
    excludePrivate: true,
    excludeInternal: true,
    disableSources: true,
    hideBreadcrumbs: true,
    hidePageHeader: true,
    hideGroupHeadings: false,
    skipErrorChecking: true,
    entryFileName: "index",
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    typeDeclarationFormat: "table",
    treatWarningsAsErrors: false,
    logLevel: "Error",
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("typedoc found nothing to document");
  for (const module of project.children ?? []) module.name = specifierOf(module);
  await app.generateOutputs(project);
  const names = (project.children ?? []).map(({ name }) => name);
  const menu = subpaths
    .map(({ specifier }) => specifier)
    .filter((name) => names.includes(name))
    .map((name) => ({ text: name, link: `/reference/${name}` }));
  writeFileSync(join(out, "menu.json"), JSON.stringify([{ text: "Reference", items: menu }]));
}

const sourceOf = (file) => {
  const source = join(root, file.replace("./dist/", "src/").replace(/\.js$/, ".ts"));
  readFileSync(source);
  return source;
};

/** typedoc names a module by its file. */
function specifierOf({ name }) {
  if (name === "src") return subpaths[0].specifier;
  const found = subpaths.find(({ file }) => {
    const path = file.replace("./dist/", "").replace(/(\/index)?\.js$/, "");
    return path === name.replace(/^src\//, "").replace(/(\/index)?(\.ts)?$/, "");
  });
  return found?.specifier ?? name;
}
