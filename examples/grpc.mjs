// A gRPC client: while its circuit is open, a call ends with UNAVAILABLE and nothing is sent.
import * as grpc from "@grpc/grpc-js";
import { failfastInterceptor } from "failfast/grpc";

const text = { serialize: (value) => Buffer.from(value), deserialize: (bytes) => String(bytes) };
const Get = {
  path: "/sales.v1.Invoices/Get",
  requestStream: false,
  responseStream: false,
  requestSerialize: text.serialize,
  requestDeserialize: text.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize,
};
let calls = 0;
const server = new grpc.Server();
server.addService(
  { Get },
  {
    Get(_, answer) {
      calls++;
      answer({ code: grpc.status.INTERNAL });
    },
  },
);
const bind = (...args) => new Promise((bound) => server.bindAsync(...args, (_, port) => bound(port)));
const port = await bind("127.0.0.1:0", grpc.ServerCredentials.createInsecure());

const Invoices = grpc.makeClientConstructor({ Get }, "Invoices");
const client = new Invoices(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
  interceptors: [failfastInterceptor(grpc, { threshold: 1 })],
});

const get = () => new Promise((answered) => client.Get("ann", answered));
console.log((await get()).code === grpc.status.INTERNAL);
const { code, details, metadata } = await get();
console.log(code === grpc.status.UNAVAILABLE, details, metadata.get("retry-after"));
console.log(`${calls} call`);
client.close();
server.forceShutdown();
