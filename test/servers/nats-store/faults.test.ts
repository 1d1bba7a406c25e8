import { requireProgram } from "../require.js";
import { storeFaults } from "../store-faults.js";
import { open, startNats } from "./start-nats.js";

const natsServer = requireProgram("nats-server");

storeFaults(
  "natsStore()",
  async () => {
    const server = await startNats(natsServer);
    const operator = await open(server.port);
    return {
      open: () => open(server.port),
      pause: server.pause,
      resume: server.resume,
      restart: server.restart,
      keeps: true,
      empty: async () => {
        const keys = await operator.kv.keys();
        for await (const key of keys) await operator.kv.purge(key);
      },
      spoil: (key) => operator.kv.put(`failfast.${key.replace(":", "/")}`, Uint8Array.of(255, 0, 254)),
      async stop() {
        await operator.close();
        await server.stop();
      },
    };
  },
  { skip: !natsServer },
);
