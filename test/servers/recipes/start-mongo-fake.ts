import { createServer, type Server, type Socket } from "node:net";
import { BSON } from "mongodb";

type Document = Record<string, unknown>;

/** A server with just enough of MongoDB's wire protocol for the driver: a handshake, and answers that a test sets. */
export interface MongoFake {
  readonly url: string;
  /** How many commands have reached it, without the driver's own. */
  commands: number;
  /** Answers a command; `undefined`: never. */
  answer: (command: Document) => Document | undefined;
  stop(): Promise<void>;
}

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

export async function startMongoFake(): Promise<MongoFake> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    let left = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      left = Buffer.concat([left, chunk]);
      while (left.length >= 4 && left.length >= left.readInt32LE(0)) {
        const message = left.subarray(0, left.readInt32LE(0));
        left = left.subarray(message.length);
        const said = reply(fake, message);
        if (said !== undefined) socket.write(said);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const fake: MongoFake = {
    url: `mongodb://127.0.0.1:${port}/?serverSelectionTimeoutMS=300&retryReads=false&retryWrites=false`,
    commands: 0,
    answer: () => ({ ok: 1 }),
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return fake;
}

function reply(fake: MongoFake, message: Buffer): Buffer | undefined {
  const [id, code] = [message.readInt32LE(4), message.readInt32LE(12)];
  if (code === OP_QUERY) {
    const head = Buffer.alloc(20);
    head.writeInt32LE(1, 16);
    return framed(id, OP_REPLY, Buffer.concat([head, BSON.serialize(hello())]));
  }
  // After flags of four bytes, the kind of the section, 0: the command.
  const command = BSON.deserialize(message.subarray(21, 21 + message.readInt32LE(21)));
  const own = ["hello", "ping", "endSessions"].some((name) => name in command);
  if (!own) fake.commands++;
  const answer = own ? hello() : fake.answer(command);
  return answer && framed(id, OP_MSG, Buffer.concat([Buffer.alloc(5), BSON.serialize(answer)]));
}

function framed(to: number, code: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(16);
  for (const [at, value] of [16 + body.length, 1, to, code].entries()) head.writeInt32LE(value, at * 4);
  return Buffer.concat([head, body]);
}

const hello = (): Document => ({
  ok: 1,
  isWritablePrimary: true,
  helloOk: true,
  minWireVersion: 0,
  maxWireVersion: 25,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
});
