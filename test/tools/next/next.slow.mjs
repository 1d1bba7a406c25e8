import { test } from "node:test";
import { command, copyOf, runs } from "../project.mjs";
import { environment, guards, serve, shares, showsThePage } from "./app.mjs";

for (const bundler of ["--turbopack", "--webpack"])
  test(`Next.js built with ${bundler}: circuits are shared by all graphs of modules`, async (t) => {
    const folder = copyOf("next");
    await runs(t, command("next"), ["build", bundler], { cwd: folder, env: environment });
    const app = await serve(t, folder, "start");
    await shares(app);
    await showsThePage(app);
    await guards(app);
  });
