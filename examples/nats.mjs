// Circuits shared through NATS JetStream: NATS_SERVER=127.0.0.1:4222 node examples/nats.mjs
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import { createFailfast } from "failfast";
import { natsStore } from "failfast/nats";

const servers = process.env.NATS_SERVER ?? "127.0.0.1:4222";
// It reconnects without an end, and detects a connection that died silently.
const connection = await connect({ servers, maxReconnectAttempts: -1, pingInterval: 5_000 });
const kv = await new Kvm(connection).create("failfast", { history: 1, allow_direct: false });
const failfast = createFailfast({ store: natsStore(kv, { prefix: "example" }) });
const salesApi = failfast("sales_api", 60);

await salesApi.trip({ reason: "an example" });
const entry = await kv.get("example.circuit/sales_api");
console.log(salesApi.state, entry?.string());
await salesApi.reset();
console.log(salesApi.state);
await failfast.close();
await connection.close();
