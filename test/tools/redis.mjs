// A real redis-server for a test of the tools.
import { spawnSync } from "node:child_process";
import { connect, createServer } from "node:net";
import { newFolder, start, until } from "./project.mjs";

/** The reason to skip a test. If no test may be skipped, it fails instead. */
export const skip =
  process.env.FAILFAST_TEST_REQUIRE !== "all" && spawnSync("redis-server", ["--version"]).error
    ? "there is no redis-server"
    : false;

/** Starts one on a free port of the loopback, and returns its URL. It is stopped after the test. */
export async function startRedis(t) {
  const port = await freePort();
  const settings = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = start(t, "redis-server", ["--port", `${port}`, ...settings], { cwd: newFolder() });
  await until(
    () => answers(port),
    () => `redis-server answers:\n${server.output}`,
  );
  return `redis://127.0.0.1:${port}`;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => settle(true));
    socket.on("error", () => settle(false));
  });
}
