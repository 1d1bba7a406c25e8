import { renameSync } from "node:fs";
import { join } from "node:path";
import { pack } from "../package/pack.mjs";
import { sharedOnce } from "./shared-folder.js";

/** The tarball of this version. */
export function packed(): string {
  const folder = sharedOnce("packed", (to) => renameSync(pack(to), join(to, "failfast.tgz")));
  return join(folder, "failfast.tgz");
}
