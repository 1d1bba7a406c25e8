// Breakers that share state and need other versions than our lock file has: in a folder of their own, for one run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The packages that each needs beside it. */
const PEERS = {
  "nestjs-resilience": ["@nestjs/common@10", "@nestjs/core@10", "rxjs@7", "reflect-metadata@0.1"],
  effect: [],
};

/** Other breakers that share state, and why they are missing here. */
const OTHERS = {
  "@mollitia/redis": (version) =>
    version ? "its adapter is still to be written" : "the registry has no such package",
  "circuitbreaker-lambda": (version) =>
    `the registry's newest is ${version ?? "none"}, and needs the AWS SDK 2, which is no longer supported`,
};

/** Installs what can be installed. `skipped` has a line for each that is missing. */
export function installPeers() {
  const folder = mkdtempSync(join(tmpdir(), "failfast-torture-"));
  const npm = (...args) => spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  writeFileSync(join(folder, "package.json"), "{}");
  const installed = [];
  const skipped = [];
  for (const [name, beside] of Object.entries(PEERS)) {
    const done = npm("install", "--no-audit", "--no-fund", "--ignore-scripts", `${name}@latest`, ...beside);
    if (done.status === 0) installed.push(name);
    else skipped.push(`${name}: it could not be installed`);
  }
  for (const [name, why] of Object.entries(OTHERS)) {
    const { status, stdout } = npm("view", name, "version");
    skipped.push(`${name}: ${why(status === 0 ? stdout.trim() : undefined)}`);
  }
  return { folder, installed, skipped, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
