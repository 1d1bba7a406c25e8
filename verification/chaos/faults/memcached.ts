import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { raw, rawSet } from "../../../test/servers/memcached-store/start-memcached.js";
import { CONNECTIONS, type MemcachedSubject } from "../stores/memcached.js";
import { type Fault, repeatedly, spoiled } from "../subject.js";
import { frozen, killed, restarted } from "./servers.js";

/** As long as a record, so that records are evicted. */
const FILLING = "x".repeat(300);

const spoilt = (name: string, value: string, flags: number, large = false): Fault<MemcachedSubject> => ({
  name,
  async inject({ server }, round) {
    for (const key of spoiled(round, large)) await rawSet(server.port, `failfast:${key}`, value, flags);
    return () => undefined;
  },
});

export const memcachedFaults: readonly Fault<MemcachedSubject>[] = [
  killed("killed, and started again empty", { quick: true, loses: true }),
  restarted("restarted empty at once", { loses: true }),
  frozen({ quick: true }),
  {
    name: "flush_all while open",
    loses: true,
    async inject({ server }) {
      await raw(server.port, "flush_all");
      return () => undefined;
    },
  },
  {
    name: "flush_all every 200 ms",
    loses: true,
    inject: ({ server }) => repeatedly(200, () => raw(server.port, "flush_all")),
  },
  {
    name: "full, and evicting records",
    loses: true,
    async inject({ server }) {
      const filler = connect(server.port, "127.0.0.1");
      for (let n = 0; n < 20_000; n++)
        if (!filler.write(`set filling-${n} 0 0 ${FILLING.length} noreply\r\n${FILLING}\r\n`))
          await once(filler, "drain");
      filler.end("version\r\n");
      filler.resume();
      await once(filler, "close");
      return () => undefined;
    },
  },
  {
    name: "connection limit reached",
    async inject({ server, proxy }) {
      const taken: Socket[] = [];
      for (let n = 0; n < CONNECTIONS; n++)
        taken.push(connect(server.port, "127.0.0.1").on("error", () => undefined));
      proxy.cut();
      return () => {
        for (const socket of taken) socket.destroy();
      };
    },
  },
  spoilt("a megabyte in place of a record", "x".repeat(1_000_000), 0, true),
  spoilt("rubbish in place of a record", "{", 0),
  spoilt("a number in place of a record", "12", 8),
];
