import { raw, startMemcached } from "../../../test/servers/memcached-store/start-memcached.js";
import type { ServerProcess } from "../../../test/servers/server-process.js";
import { startToxicProxy, type ToxicProxy } from "../../../test/servers/toxic-proxy/proxy.js";
import type { Subject } from "../subject.js";

export interface MemcachedSubject extends Subject {
  readonly server: ServerProcess;
  readonly proxy: ToxicProxy;
}

export const CONNECTIONS = 64;

export async function memcachedSubject(): Promise<MemcachedSubject> {
  // Two megabytes of memory, which are full soon.
  const server = await startMemcached("memcached", "-m", "2", "-c", String(CONNECTIONS));
  const proxy = await startToxicProxy(server.port);
  return {
    name: "memcached",
    place: { store: "memcached", at: `127.0.0.1:${proxy.port}` },
    pollMs: 1_200,
    clientMs: 1_000,
    // The client asks nothing for its `idle` time, plus half a second.
    quietMs: 5_500,
    server,
    proxy,
    async read(key) {
      const answer = await raw(server.port, `get failfast:${key}`);
      return answer === "END" ? null : answer;
    },
    async stop() {
      await proxy.close();
      await server.stop();
    },
  };
}
