import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A pooler in transaction mode with one connection to the server: the next client that begins gets it. */
export interface Pooler {
  readonly port: number;
  close(): Promise<void>;
}

const SSL_REQUEST = 80_877_103;
const READY = "Z";
const IDLE = "I".charCodeAt(0);

/** Starts a pooler for a PostgreSQL that trusts everybody, like PgBouncer with `pool_mode = transaction`. */
export async function startPooler(serverPort: number): Promise<Pooler> {
  const upstream = await logIn(serverPort);
  const waiting: (() => void)[] = [];
  let holder: Socket | undefined;
  const acquire = async (client: Socket): Promise<void> => {
    if (holder === client) return;
    if (holder !== undefined) await new Promise<void>((resolve) => waiting.push(resolve));
    holder = client;
  };
  const release = (): void => {
    holder = undefined;
    waiting.shift()?.();
  };

  let rest = Buffer.alloc(0);
  upstream.on("data", (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
      const message = rest.subarray(0, rest.readInt32BE(1) + 1);
      rest = rest.subarray(message.length);
      // Data that comes while no client has the connection is dropped.
      holder?.write(message);
      if (String.fromCharCode(message[0] ?? 0) === READY && message[5] === IDLE) release();
    }
  });

  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    let greeted = false;
    let turn = Promise.resolve();
    client.on("error", () => undefined);
    client.on("close", () => {
      clients.delete(client);
      if (holder === client) release();
    });
    client.on("data", (data) => {
      if (greeted) {
        if (data[0] === "X".charCodeAt(0)) client.end();
        else turn = turn.then(() => acquire(client)).then(() => void upstream.write(data));
        return;
      }
      if (data.readInt32BE(4) === SSL_REQUEST) {
        client.write("N");
        return;
      }
      greeted = true;
      client.write(greeting());
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const client of clients) client.destroy();
      upstream.destroy();
      server.close();
    },
  };
}

/** Welcome, your process is 1 (which is not true), and it is your turn. */
function greeting(): Buffer {
  const message = (type: string, ...words: readonly number[]): Buffer => {
    const buffer = Buffer.alloc(5 + 4 * words.length);
    buffer.write(type, 0);
    buffer.writeInt32BE(4 + 4 * words.length, 1);
    for (const [at, word] of words.entries()) buffer.writeInt32BE(word, 5 + 4 * at);
    return buffer;
  };
  const ready = Buffer.from([READY.charCodeAt(0), 0, 0, 0, 5, IDLE]);
  return Buffer.concat([message("R", 0), message("K", 1, 1), ready]);
}

async function logIn(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  const parameters = Buffer.from("user\0postgres\0database\0postgres\0\0");
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + parameters.length, 0);
  head.writeInt32BE(196_608, 4);
  socket.write(Buffer.concat([head, parameters]));
  for (let seen = ""; !seen.endsWith(`${READY}\0\0\0\u0005I`); ) {
    const [data] = (await once(socket, "data")) as [Buffer];
    seen += data.toString("latin1");
  }
  return socket;
}
