import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgres, startPostgres } from "../postgres-store/start-postgres.js";
import { requireProgram } from "../require.js";
import { startRedis } from "../start-redis.js";

/** Where a fleet keeps its state. */
export interface Place {
  readonly url: string;
  stop(): Promise<unknown>;
}

async function folder(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), "failfast-place-"));
  return { url: `file:${dir}`, stop: () => rm(dir, { recursive: true, force: true }) };
}

/**
 * The three stores that operators' tools are tested on: the name, whether the server is installed, and how it starts.
 */
export const PLACES: readonly (readonly [string, boolean, () => Promise<Place>])[] = [
  ["the file store", true, folder],
  ["Redis", requireProgram("redis-server") !== undefined, startRedis],
  ["PostgreSQL", postgres !== undefined, startPostgres],
];
