import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireProgram } from "./require.js";

const spin = requireProgram("spin");
const gcc = requireProgram("gcc");

describe.skipIf(!spin || !gcc)("the lease, in the model checker SPIN", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "failfast-spin-"));
    copyFileSync("verification/model/lease.pml", join(folder, "lease.pml"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (command: string, ...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  /** How many errors the claim has, under weak fairness. The whole model must have been searched. */
  const errors = (claim: string, mistake?: string): number => {
    run("spin", ...(mistake === undefined ? [] : [`-D${mistake}`]), "-a", "lease.pml");
    run("gcc", "-w", "-O2", "-DNFAIR=3", "-o", "pan", "pan.c");
    const said = run("./pan", "-a", "-f", "-m1000000", "-N", claim);
    const count = Number(/errors: (\d+)/.exec(said)?.[1]);
    if (count === 0) expect(said).not.toMatch(/not completed|max search depth|out of memory/);
    return count;
  };

  test("closes in the end and stays closed in every fair run, once the backend works", () => {
    expect(errors("heals")).toBe(0);
  });

  test("lets an open circuit close only by a probe", () => {
    expect(errors("probed")).toBe(0);
  });

  test.each([
    ["a lease without an end", "heals", "ENDLESS"],
    ["leases that lapse and don't get longer", "heals", "CONSTANT"],
    ["callers that can't wait and leave it at asking", "heals", "UNUSED"],
    ["swaps that don't compare", "probed", "UNFENCED"],
  ])("finds the mistake: %s", (_, claim, mistake) => {
    expect(errors(claim, mistake)).toBe(1);
  });
});
