import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";
import { environment, guards, guardsTheEdge, serve, shares, showsThePage } from "./app.mjs";

for (const bundler of ["--turbopack", "--webpack"])
  test(`Next.js built with ${bundler} shares circuits between all graphs of modules`, async (t) => {
    const folder = copyOf("next");
    // With webpack, Next.js 16.4 builds no route of the edge runtime, whatever it contains.
    const edge = bundler !== "--webpack";
    if (!edge) rmSync(join(folder, "app/api/edge"), { recursive: true });
    await runs(t, command("next"), ["build", bundler], { cwd: folder, env: environment });
    const app = await serve(t, folder, "start");
    await shares(app);
    await showsThePage(app);
    await guards(app);
    if (edge) await guardsTheEdge(app);
  });
