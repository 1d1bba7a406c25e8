import { describe, expect, test } from "vitest";
import { at, boom, during, ending, fleet } from "./fleet.js";

describe("the record of a failure", () => {
  const secrets = /4711|secret|customer/;
  const failing = async (shareReason: boolean | undefined, error: unknown): Promise<string> => {
    const { clock, members, store } = await fleet(
      1,
      shareReason === undefined ? {} : { options: { shareReason } },
    );
    const guarded = at(members, 0).circuit(async (_: string) => {
      throw error;
    });
    await during(clock, 50, () => ending(guarded("customer 4711")));
    return store.raw("circuit:x") ?? "";
  };

  test("has who, when, until when, and the error's name and code", async () => {
    const raw = await failing(undefined, boom);
    expect(raw).not.toMatch(secrets);
    const record = JSON.parse(raw) as Record<string, unknown>;
    expect(record).toMatchObject({ state: "open", duration: 60_000, reason: "Error ECONNREFUSED" });
    expect(record["by"]).toMatch(new RegExp(`^host0/${process.pid}/[a-z0-9]{6}@failfast$`));
    const lasts = (record["until"] as number) - (record["at"] as number);
    // The open time began when the call failed, a little before the store got the record.
    expect(lasts).toBeLessThanOrEqual(60_000);
    expect(lasts).toBeGreaterThan(59_980);
    expect(Object.keys(record).sort()).toEqual(
      ["at", "by", "duration", "generation", "nonce", "reason", "revision", "state", "until", "v"].sort(),
    );
  });

  test("has no name or code that was made of a call's data", async () => {
    for (const error of [
      Object.assign(new Error("x"), { name: "NotFound: customer 4711" }),
      Object.assign(new Error("x"), { code: "customer 4711" }),
      "secret 4711",
      { message: "secret 4711", stack: "secret" },
    ]) {
      expect(await failing(false, error)).not.toMatch(secrets);
    }
  });

  test("has the message only with shareReason, cut to what every reader accepts", async () => {
    expect(await failing(true, boom)).toMatch(/secret: customer 4711/);
    expect(await failing(true, new Error(`secret${"m".repeat(1_000_000)}`))).toMatch(/secretm{200}/);
    expect((await failing(true, new Error("m".repeat(1_000_000)))).length).toBeLessThan(1_000);
    expect(await failing(true, Symbol("s"))).toMatch(/"open"/);
    expect(await failing(true, Object.create(null))).toMatch(/"open"/);
    expect(await failing(true, new Error("\u0001".repeat(1_000)))).toMatch(/"open"/);
    expect(await failing(true, new Error("\ud83d\u{1f642}".repeat(300)))).toMatch(/"open"/);
  });

  test("has the reason that events here and elsewhere have", async () => {
    const { clock, members } = await fleet(2);
    const seen: Record<string, unknown>[] = [];
    for (const { failfast } of members) {
      failfast.on("open", (event) => seen.push({ ...event } as unknown as Record<string, unknown>));
    }
    await during(clock, 50, at(members, 0).fail);
    const by = expect.stringMatching(new RegExp(`^host0/${process.pid}/[a-z0-9]{6}@failfast$`));
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatchObject({
      circuit: "x",
      local: true,
      by,
      reason: "Error ECONNREFUSED",
      error: boom,
    });
    expect(seen[1]).toMatchObject({ circuit: "x", local: false, by, reason: "Error ECONNREFUSED" });
    expect(seen[1]).not.toHaveProperty("error");
  });
});
