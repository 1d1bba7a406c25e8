import { connect } from "node:net";
import Memcached from "memcached";
import { Client } from "memjs";
import type { Store } from "../../../src/options/store.js";
import { memcachedStore } from "../../../src/stores/memcached.js";
import { type ServerProcess, startServer } from "../server-process.js";

/** Starts a memcached on the loopback. */
export function startMemcached(
  program = "memcached",
  ...settings: readonly string[]
): Promise<ServerProcess> {
  return startServer({
    command: (port) => [program, "-l", "127.0.0.1", "-p", `${port}`, "-U", "0", "-u", "nobody", ...settings],
    answers: async (port) => (await raw(port, "version").catch(() => "")) !== "",
  });
}

/** Sends one raw command to a memcached, and returns the answer; rejects if there is none within 1 s. */
export function raw(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    let answer = "";
    socket.on("data", (text) => {
      answer += text;
      if (!/^(VERSION .*|OK|STORED|NOT_STORED|DELETED|NOT_FOUND|[\s\S]*END|[A-Z_]*ERROR.*)\r\n$/.test(answer))
        return;
      socket.destroy();
      resolve(answer.trimEnd());
    });
    socket.once("error", reject);
    socket.setTimeout(1_000, () => {
      socket.destroy();
      reject(new Error(`no answer to ${command}`));
    });
  });
}

/** Stores a value as another client would, with flags. */
export const rawSet = (port: number, key: string, value: string, flags = 0): Promise<string> =>
  raw(port, `set ${key} ${flags} 0 ${Buffer.byteLength(value)}\r\n${value}`);

export interface Library {
  readonly name: string;
  readonly verbs: readonly "swap"[];
  open(port: number, options?: { prefix?: string }): { store: Store; close(): void };
}

/** As in the documentation: a lost server is tried again every second, without an end. */
export const settings = {
  timeout: 1_000,
  retries: 0,
  retry: 1_000,
  failures: 1_000_000_000,
  failuresTimeout: 1_000,
};

export const nodeMemcached: Library = {
  name: "memcached",
  verbs: ["swap"],
  open(port, options) {
    const client = new Memcached(`127.0.0.1:${port}`, settings);
    return { store: memcachedStore(client, options), close: () => client.end() };
  },
};

const memjs: Library = {
  name: "memjs",
  verbs: [],
  open(port, options) {
    const client = Client.create(`127.0.0.1:${port}`, { retries: 1, logger: { log() {} } });
    return { store: memcachedStore(client, options), close: () => client.close() };
  },
};

export const libraries: readonly Library[] = [nodeMemcached, memjs];
