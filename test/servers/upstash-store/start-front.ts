import { once } from "node:events";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { createClient } from "redis";
import { ignore } from "../redis-store/clients.js";

/** Speaks the REST protocol of Upstash, and passes every command to a real Redis. */
export interface Front {
  readonly url: string;
  readonly token: string;
  /** The names of the commands that came, in order. */
  readonly commands: string[];
  /** There are no answers from now on, until it is thawed. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function startFront(redisUrl: string): Promise<Front> {
  const token = "secret";
  const commands: string[] = [];
  let frozen = false;
  const redis = createClient({ url: redisUrl, disableOfflineQueue: true });
  await redis.on("error", ignore).connect();

  async function execute(command: readonly unknown[]): Promise<{ result: unknown } | { error: string }> {
    commands.push(String(command[0]).toLowerCase());
    try {
      return { result: await redis.sendCommand(command.map(String)) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  const server = createServer((request, response) => {
    void (async () => {
      const body = JSON.parse((await buffer(request)).toString());
      if (frozen) return;
      const send = (status: number, answer: unknown): void => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(answer));
      };
      if (request.headers.authorization !== `Bearer ${token}`)
        return send(401, { error: "WRONGPASS invalid or missing auth token" });
      const encode = request.headers["upstash-encoding"] === "base64" ? base64 : (answer: unknown) => answer;
      if (request.url === "/pipeline")
        return send(200, await Promise.all(body.map(async (each: unknown[]) => encode(await execute(each)))));
      const answer = await execute(body);
      send("error" in answer ? 400 : 200, encode(answer));
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    token,
    commands,
    freeze() {
      frozen = true;
    },
    thaw() {
      frozen = false;
      server.closeAllConnections();
    },
    async close() {
      redis.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Texts in a result are encoded, at any depth; numbers, null and "OK" are not. */
function base64(answer: unknown): unknown {
  const encode = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(encode);
    return typeof value === "string" && value !== "OK" ? Buffer.from(value).toString("base64") : value;
  };
  const { result } = answer as { result?: unknown };
  return result === undefined ? answer : { result: encode(result) };
}
