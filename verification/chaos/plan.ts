import { mariadbd } from "../../test/servers/mysql-store/start-mariadb.js";
import { postgres } from "../../test/servers/postgres-store/start-postgres.js";
import { requireProgram } from "../../test/servers/require.js";
import { fileFaults } from "./faults/file.js";
import { memcachedFaults } from "./faults/memcached.js";
import { mysqlFaults } from "./faults/mysql.js";
import { natsFaults } from "./faults/nats.js";
import { networkFaults } from "./faults/network.js";
import { postgresFaults } from "./faults/postgres.js";
import { redisFaults } from "./faults/redis.js";
import type { Site } from "./fleet.js";
import { fileSubject } from "./stores/file.js";
import { memcachedSubject } from "./stores/memcached.js";
import { mysqlSubject } from "./stores/mysql.js";
import { natsSubject } from "./stores/nats.js";
import { postgresSubject } from "./stores/postgres.js";
import { redisSubject } from "./stores/redis.js";
import type { Fault, Subject } from "./subject.js";

/** A store with all its faults. */
export interface Plan {
  readonly store: string;
  /** The reason if it is not available here. */
  missing(): string | undefined;
  start(site: Site): Promise<Subject>;
  readonly faults: readonly Fault[];
}

const lacks = (program: string): string | undefined =>
  requireProgram(program) === undefined ? `${program} is not installed` : undefined;

const inLongRuns = (fault: Fault): Fault => ({ ...fault, quick: false });

export const CHAOS: readonly Plan[] = [
  {
    store: "redis",
    missing: () => lacks("redis-server"),
    start: redisSubject,
    faults: [...networkFaults, ...(redisFaults as readonly Fault[])],
  },
  {
    store: "postgres",
    missing: () => (postgres === undefined ? "postgres is not installed" : undefined),
    start: postgresSubject,
    faults: [...networkFaults, ...(postgresFaults as readonly Fault[])],
  },
  {
    store: "memcached",
    missing: () => lacks("memcached"),
    start: memcachedSubject,
    faults: [...networkFaults, ...(memcachedFaults as readonly Fault[])],
  },
  {
    store: "mysql",
    missing: () => (mariadbd === undefined ? "mariadbd is not installed" : undefined),
    start: mysqlSubject,
    faults: [...networkFaults.map(inLongRuns), ...(mysqlFaults as readonly Fault[])],
  },
  {
    store: "nats",
    missing: () => lacks("nats-server"),
    start: natsSubject,
    faults: [...networkFaults.map(inLongRuns), ...(natsFaults as readonly Fault[])],
  },
  {
    store: "file",
    missing: () => undefined,
    start: fileSubject,
    faults: fileFaults as readonly Fault[],
  },
];
