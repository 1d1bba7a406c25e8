import { requireProgram } from "../require.js";
import { storeFaults } from "../store-faults.js";
import { libraries, raw, rawSet, startMemcached } from "./start-memcached.js";

const memcached = requireProgram("memcached");

for (const { name, open } of libraries) {
  storeFaults(
    `memcachedStore() with ${name}`,
    async () => {
      const server = await startMemcached(memcached);
      return {
        open: () => open(server.port),
        port: server.port,
        openAt: (port) => open(port),
        pause: server.pause,
        resume: server.resume,
        restart: server.restart,
        keeps: false,
        empty: () => raw(server.port, "flush_all"),
        spoil: (key) => rawSet(server.port, `failfast:${key}`, "12", 8),
        stop: server.stop,
      };
    },
    { skip: !memcached, lacks: ["stranger"] },
  );
}
