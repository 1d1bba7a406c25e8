import type { NatsSubject } from "../stores/nats.js";
import { type Fault, repeatedly, spoiled } from "../subject.js";
import { frozen, killed } from "./servers.js";

const spoilt = (name: string, value: string | Uint8Array, large = false): Fault<NatsSubject> => ({
  name,
  async inject({ bucket }, round) {
    const kv = await bucket();
    for (const key of spoiled(round, large)) await kv.put(`failfast.${key.replace(":", "/")}`, value);
    return () => undefined;
  },
});

export const natsFaults: readonly Fault<NatsSubject>[] = [
  killed("killed, and started again"),
  frozen(),
  {
    name: "all connections reset every 200 ms",
    inject: ({ proxy }) => repeatedly(200, async () => proxy.cut()),
  },
  {
    name: "emptied while open",
    loses: true,
    async inject({ bucket }) {
      const kv = await bucket();
      for await (const key of await kv.keys()) await kv.purge(key);
      return () => undefined;
    },
  },
  {
    name: "the bucket deleted, and made again",
    loses: true,
    async inject({ bucket }) {
      const kv = await bucket();
      await kv.destroy();
      return bucket;
    },
  },
  spoilt("a megabyte in place of a record", "x".repeat(1_000_000), true),
  spoilt("rubbish in place of a record", Uint8Array.of(255, 0, 254)),
];
