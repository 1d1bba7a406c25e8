// What the package exports, as package.json has it.
import { readFileSync } from "node:fs";

const { name, exports, bin } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** The file of the command. */
export const command = bin;

/** Each subpath that is code: its name for an import, its file for ES modules, and its file for CommonJS. */
export const subpaths = Object.entries(exports)
  .filter(([subpath]) => subpath !== "./package.json")
  .map(([subpath, files]) => {
    const { default: file, require: commonjs } = files;
    if (!file || commonjs !== file.replace("./dist/", "./dist/cjs/"))
      throw new Error(
        `package.json: the export "${subpath}" takes two files, as "." has them: "require" in ./dist/cjs/ and "default" in ./dist/`,
      );
    return { subpath, specifier: subpath.replace(".", name), file, commonjs };
  });
