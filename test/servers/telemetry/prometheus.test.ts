import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFailfast, memoryStore } from "../../../src/index.js";
import { prometheusMetrics } from "../../../src/telemetry/prometheus.js";
import { requireProgram } from "../require.js";
import { type ServerProcess, startServer } from "../server-process.js";

const files = fileURLToPath(new URL("../../../assets/grafana/", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));
const dashboard = JSON.parse(readFileSync(join(files, "grafana-dashboard.json"), "utf8"));
const alerts = readFileSync(join(files, "prometheus-alerts.yml"), "utf8");

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { x: number; y: number; w: number; h: number };
  readonly targets: { expr: string; refId: string; datasource: { uid: string } }[];
}
const panels: Panel[] = dashboard.panels;
const queries = panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }): [string, string] => [title, expr]),
);

/** A fleet of two processes, as two scrapes: the first trips, and the second learns of it. */
function fleet(): { readonly texts: (() => string)[]; live(): Promise<void> } {
  const store = memoryStore();
  const each = ["a", "b"].map((host) => createFailfast({ store, host }));
  const metrics = each.map((failfast) => prometheusMetrics(failfast));
  const circuits = each.map((failfast) => ["sales_api", "billing"].map((name) => failfast(name, "1s")));
  return {
    texts: metrics.map((one) => () => one.text()),
    async live() {
      for (const [salesApi, billing] of circuits) {
        await billing?.run(() => 1);
        const fails = async (): Promise<never> => {
          throw new Error("the backend is down");
        };
        await salesApi?.run(fails).catch(() => undefined);
        await salesApi?.run(fails).catch(() => undefined);
      }
    },
  };
}

describe("the dashboard", () => {
  test("uses only metrics that a scrape has", async () => {
    const { texts, live } = fleet();
    await live();
    const scraped = new Set(texts[0]?.().match(/^failfast_\w+/gm));
    const asked = new Set(`${JSON.stringify(dashboard)}\n${alerts}`.match(/failfast_(?:circuit|store)_\w+/g));
    expect(asked.size).toBeGreaterThan(4);
    expect([...asked].filter((name) => !scraped.has(name))).toEqual([]);
  });

  test("never sums the state, which is the whole fleet's", () => {
    for (const [, expr] of queries.filter(([, each]) => each.includes("failfast_circuit_state")))
      expect(expr).toMatch(/max by \(job, name\)/);
    expect(`${JSON.stringify(dashboard)}${alerts}`).not.toMatch(/sum[^(]*\([^)]*failfast_circuit_state/);
  });

  test("can be imported by Grafana: unique ids, no overlap, one data source, variables that exist", () => {
    expect(dashboard).toMatchObject({ uid: "failfast-circuits", schemaVersion: 39 });
    expect(dashboard.id).toBeUndefined();
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
    const variables = dashboard.templating.list.map(({ name }: { name: string }) => name);
    const used = new Set(
      JSON.stringify(dashboard)
        .match(/\$\{?[a-z]\w*/g)
        ?.map((name) => name.replace(/\W/g, "")),
    );
    expect([...used].sort()).toEqual([...variables].sort());
    for (const { targets } of panels)
      expect(targets.every(({ datasource }) => datasource.uid.includes("datasource"))).toBe(true);
  });
});

const promtool = requireProgram("promtool");
describe.skipIf(!promtool)("the alerts, by promtool", () => {
  test("are valid, and fire when they should, once for the whole fleet", () => {
    const folder = mkdtempSync(join(tmpdir(), "failfast-alerts-"));
    cpSync(join(files, "prometheus-alerts.yml"), join(folder, "prometheus-alerts.yml"));
    cpSync(join(here, "alerts.promtool.yml"), join(folder, "alerts.promtool.yml"));
    const run = (...args: string[]): string =>
      execFileSync(promtool ?? "", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
    try {
      expect(run("check", "rules", "prometheus-alerts.yml")).toContain("SUCCESS");
      expect(run("test", "rules", "alerts.promtool.yml")).toContain("SUCCESS");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("are based on metrics that Prometheus's own linter accepts", async () => {
    const { texts, live } = fleet();
    await live();
    const linted = execFileSync(promtool ?? "", ["check", "metrics"], {
      input: texts[0]?.(),
      encoding: "utf8",
    });
    expect(linted).toBe("");
  });
});

const prometheus = requireProgram("prometheus");
describe.skipIf(!prometheus)("a Prometheus that scrapes two processes", () => {
  const { texts, live } = fleet();
  let targets: Server[];
  let server: ServerProcess;
  let living: ReturnType<typeof setInterval>;

  beforeAll(async () => {
    targets = await Promise.all(
      texts.map(
        (text) =>
          new Promise<Server>((resolve) => {
            const target = createServer((_, response) => response.end(text()));
            target.listen(0, "127.0.0.1", () => resolve(target));
          }),
      ),
    );
    const ports = targets.map((target) => (target.address() as AddressInfo).port);
    server = await startServer({
      command: (port, folder) => [
        prometheus ?? "",
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      prepare(folder) {
        cpSync(join(files, "prometheus-alerts.yml"), join(folder, "prometheus-alerts.yml"));
        const configuration = {
          global: { scrape_interval: "500ms", evaluation_interval: "1s" },
          rule_files: ["prometheus-alerts.yml"],
          scrape_configs: [
            { job_name: "shop", static_configs: [{ targets: ports.map((port) => `127.0.0.1:${port}`) }] },
          ],
        };
        writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(configuration));
      },
      answers: (port) =>
        fetch(`http://127.0.0.1:${port}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
    });
    living = setInterval(() => void live(), 100);
  });
  afterAll(async () => {
    clearInterval(living);
    for (const target of targets) target.close();
    await server.stop();
  });

  const ask = async (path: string): Promise<{ status: string; data: never }> =>
    (await fetch(`http://127.0.0.1:${server.port}/api/v1/${path}`)).json() as never;
  /** As Grafana fills them in. */
  const filled = (expr: string): string =>
    expr.replaceAll("$job", ".*").replaceAll("$name", ".*").replaceAll("$__rate_interval", "30s");

  test.each(queries)("answers every query of the dashboard: %s, %s", async (_, expr) => {
    const answer = async (): Promise<unknown[]> => {
      const { data, status } = await ask(`query?query=${encodeURIComponent(filled(expr))}`);
      expect(status).toBe("success");
      return (data as { result: unknown[] }).result;
    };
    await expect
      .poll(async () => (await answer()).length, { timeout: 40_000, interval: 200 })
      .toBeGreaterThan(0);
  });

  test("shows one open circuit of two processes as one", async () => {
    const [, expr = ""] = queries.find(([title]) => title === "Open circuits") ?? [];
    const value = async (): Promise<string | undefined> => {
      const { data } = await ask(`query?query=${encodeURIComponent(filled(expr))}`);
      return (data as { result: { value: [number, string] }[] }).result[0]?.value[1];
    };
    await expect.poll(value, { timeout: 40_000, interval: 200 }).toBe("1");
  });

  test("loads the alerts, and the alert for the open circuit is pending", async () => {
    const pending = async (): Promise<string[]> => {
      const { data } = await ask("rules?type=alert");
      const { groups } = data as {
        groups: { rules: { name: string; health: string; state: string }[] }[];
      };
      const rules = groups.flatMap((group) => group.rules);
      return rules.every(({ health }) => health === "ok")
        ? rules.map(({ name, state }) => `${name} ${state}`)
        : [];
    };
    await expect.poll(pending, { timeout: 40_000, interval: 500 }).toContain("FailfastCircuitOpen pending");
    expect(await pending()).toHaveLength(5);
  });
});
