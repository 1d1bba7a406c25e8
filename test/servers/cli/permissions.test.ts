// The permissions in docs/operations.md, as they are written there, are enough, and allow nothing else.
import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgres, startPostgres } from "../postgres-store/start-postgres.js";
import { requireProgram } from "../require.js";
import { type RedisServer, startRedis } from "../start-redis.js";
import { failfast } from "./run.js";

const page = readFileSync(new URL("../../../docs/operations.md", import.meta.url), "utf8");
const redisServer = requireProgram("redis-server");

/** What the second says is what the first has done. */
const inOrder = { concurrent: false };

const verdicts = (out: string): string[] =>
  JSON.parse(out).flatMap(({ what, verdict }: { what: string; verdict: string }) =>
    verdict === "failed" ? what : [],
  );

// Both at the same time, for a command that is refused tries for a while.
describe.skipIf(!redisServer).concurrent("the ACL lines for Redis", () => {
  let server: RedisServer;
  const url = (user: string, prefix = "shop") =>
    `${server.url.replace("//", `//${user}:secret@`)}?prefix=${prefix}`;

  beforeAll(async () => {
    server = await startRedis(redisServer);
    const admin = new Redis(server.url);
    const lines = [...page.matchAll(/^ACL (SETUSER .*)$/gm)].map(([, line = ""]) => line.split(" "));
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(await admin.call("ACL", ...line)).toBe("OK");
    admin.disconnect();
  });
  afterAll(() => server?.stop());

  test(
    "let processes and operators do what they need, and nothing under other prefixes",
    inOrder,
    async () => {
      const [{ out, code }, held, other] = await Promise.all([
        failfast(["doctor", "--json", "--store", url("shop")]),
        failfast(["hold", "open", "x", "--new", "--store", url("shop")]),
        failfast(["doctor", "--json", "--store", url("shop", "billing")]),
      ]);
      expect(verdicts(out)).toEqual([]);
      expect(code).toBe(0);
      expect(held.code).toBe(0);
      expect(other.code).toBe(1);
      expect(other.out).toContain("ACL lines");
    },
  );

  test("let viewers read the fleet, and change nothing", inOrder, async () => {
    const status = await failfast(["status", "--store", url("viewer")]);
    expect(status).toMatchObject({ code: 0, out: expect.stringContaining("held open") });
    expect((await failfast(["events", "--store", url("viewer")])).out).toContain("hold open");
    expect((await failfast(["release", "x", "--store", url("viewer")])).code).toBe(1);
    expect((await failfast(["status", "--store", url("viewer")])).out).toContain("held open");
  });
});

describe.skipIf(!postgres).concurrent("the grants for PostgreSQL", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  const url = (user: string) => server.url.replace("postgres@", `${user}@`);

  beforeAll(async () => {
    server = await startPostgres();
    expect((await failfast(["migrate", "--store", server.url])).code).toBe(0);
    const admin = new Pool({ connectionString: server.url });
    const lines = [...page.matchAll(/^GRANT .*;$/gm)].map(([line]) => line);
    expect(lines).toHaveLength(2);
    for (const role of ["shop", "viewer"]) await admin.query(`CREATE ROLE ${role} LOGIN`);
    for (const line of lines) await admin.query(line);
    await admin.end();
  });
  afterAll(() => server?.stop());

  test("let processes and operators do what they need", inOrder, async () => {
    const { out, code } = await failfast(["doctor", "--json", "--store", url("shop")]);
    expect(verdicts(out)).toEqual([]);
    expect(code).toBe(0);
    expect((await failfast(["hold", "open", "x", "--new", "--store", url("shop")])).code).toBe(0);
  });

  test("let viewers read the fleet, and change nothing", inOrder, async () => {
    expect((await failfast(["status", "--store", url("viewer")])).out).toContain("held open");
    expect((await failfast(["release", "x", "--store", url("viewer")])).code).toBe(1);
    expect((await failfast(["status", "--store", url("viewer")])).out).toContain("held open");
  });
});
