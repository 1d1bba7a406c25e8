import { describe, expect, test } from "vitest";
import { createFailfast } from "../index.js";
import { manualClock } from "../testing/index.js";
import { fail, fleetOf, quietly } from "./fleet.fixture.js";
import { logTo } from "./log.js";

describe("logTo", () => {
  const recorder = (): { said: [string, object, string][]; info: () => void; warn: () => void } => {
    const said: [string, object, string][] = [];
    const at =
      (level: string) =>
      (fields: object, message: string): void =>
        void said.push([level, fields, message]);
    return { said, info: at("info") as () => void, warn: at("warn") as () => void };
  };

  test("logs transitions and no calls: local ones as warnings, the rest as information", async () => {
    const { clock, each } = fleetOf(2);
    const logs = each.map((failfast) => {
      const log = recorder();
      logTo(failfast, log);
      return log;
    });
    const [one, other] = each.map((failfast) => failfast("sales_api", 60));
    for (const circuit of [one, other]) await circuit?.run(() => 1);
    for (let call = 0; call < 5; call++) await quietly(one?.run(fail) ?? Promise.resolve());
    await clock.advance(60_000);
    await one?.run(() => 1);
    await clock.advance(1_000);
    await one?.hold("open", { reason: "game\nday" });
    await one?.release();
    const heads = logs.map(({ said }) => said.map(([level, , message]) => `${level} ${message}`));
    const by = '"host0/';
    expect(heads[0]?.map((head) => head.replace(/(host0\/)\d+\/[a-z0-9]{6}@failfast/, "$1"))).toEqual([
      `warn circuit "sales_api" opened for 60 s by ${by}": "TypeError"`,
      'info circuit "sales_api" is being probed',
      `info circuit "sales_api" closed by ${by}": "probe succeeded"`,
      `warn circuit "sales_api" is held open by an operator by ${by}": "game\\nday"`,
      expect.stringMatching(/^info circuit "sales_api" is no longer held/),
    ]);
    expect(heads[1]?.map((head) => head.split(" ")[0])).toEqual(["info", "info", "info", "info", "info"]);
    expect(logs[0]?.said[0]?.[1]).toMatchObject({
      circuit: "sales_api",
      state: "open",
      local: true,
      err: new TypeError("the backend is down"),
    });
  });

  test("stops on disposal", async () => {
    const failfast = createFailfast();
    const log = recorder();
    logTo(failfast, log).dispose();
    await failfast("x", 60).trip();
    expect(log.said).toEqual([]);
  });

  test("gives winston the text first, and an error as text", async () => {
    const lines: unknown[][] = [];
    const logger = {
      transports: [],
      configure: () => undefined,
      info(...line: unknown[]) {
        lines.push([this === logger, ...line]);
      },
      warn(...line: unknown[]) {
        lines.push([this === logger, ...line]);
      },
    };
    const failfast = createFailfast({ clock: manualClock() });
    logTo(failfast, logger);
    const circuit = failfast("sales_api", 60);
    await quietly(circuit.run(fail));
    await circuit.reset();
    expect(lines).toEqual([
      [
        true,
        expect.stringContaining('circuit "sales_api" opened for 60 s'),
        expect.objectContaining({
          circuit: "sales_api",
          retryAfterMs: 60_000,
          err: expect.stringContaining("TypeError: the backend is down"),
        }),
      ],
      [
        true,
        expect.stringContaining('circuit "sales_api" closed'),
        expect.objectContaining({ state: "closed" }),
      ],
    ]);
  });
});
