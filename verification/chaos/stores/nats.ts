import { type KV, Kvm } from "@nats-io/kv";
import { natsStore } from "../../../src/stores/nats.js";
import { BUCKET, connectTo, startNats } from "../../../test/servers/nats-store/start-nats.js";
import type { ServerProcess } from "../../../test/servers/server-process.js";
import { startToxicProxy, type ToxicProxy } from "../../../test/servers/toxic-proxy/proxy.js";
import type { Subject } from "../subject.js";

export interface NatsSubject extends Subject {
  readonly server: ServerProcess;
  readonly proxy: ToxicProxy;
  /** The bucket, on a connection without a proxy. */
  bucket(): Promise<KV>;
}

export async function natsSubject(): Promise<NatsSubject> {
  const server = await startNats();
  const proxy = await startToxicProxy(server.port);
  const connection = await connectTo(server.port);
  const bucket = (): Promise<KV> => new Kvm(connection).create("failfast", BUCKET);
  await bucket();
  return {
    name: "nats",
    place: { store: "nats", at: `127.0.0.1:${proxy.port}` },
    pollMs: 0,
    // A lost request ends with the client's own five seconds.
    clientMs: 5_000,
    server,
    proxy,
    bucket,
    read: async (key) => (await natsStore(await bucket()).get(key)) ?? null,
    async stop() {
      await connection.close();
      await proxy.close();
      await server.stop();
    },
  };
}
