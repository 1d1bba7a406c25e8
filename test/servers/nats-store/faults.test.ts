import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireProgram } from "../require.js";
import { storeFaults } from "../store-faults.js";
import { BUCKET, open, startNats } from "./start-nats.js";

const natsServer = requireProgram("nats-server");
const app = { user: "app", pass: "secret" };
/** Accepts everybody who gives a name, and lets the stranger do everything but write. */
const ACCESS = `authorization { users = [
  { user: app, password: secret }
  { user: stranger, password: secret, permissions: { publish: { deny: ["$KV.failfast.>"] } } }
] }`;

storeFaults(
  "natsStore()",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "failfast-nats-"));
    writeFileSync(join(folder, "access.conf"), ACCESS);
    const server = await startNats(natsServer, "-c", join(folder, "access.conf"));
    const enter = (port: number) => open(port, undefined, BUCKET, app);
    const operator = await enter(server.port);
    return {
      open: () => enter(server.port),
      port: server.port,
      openAt: enter,
      openAsStranger: () => open(server.port, undefined, BUCKET, { ...app, user: "stranger" }),
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
        rmSync(folder, { recursive: true });
      },
    };
  },
  { skip: !natsServer, lacks: ["late connection"] },
);
