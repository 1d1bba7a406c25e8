import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { requireProgram } from "../require.js";
import { freePort, type ServerProcess, startServer } from "../server-process.js";

/** Debian's own command drops its rights and changes to its own folder; these are the programs that it calls. */
const folders = (parent: string, child: string): string[] => {
  try {
    return readdirSync(parent).map((version) => `${parent}/${version}/${child}`);
  } catch {
    return [];
  }
};

const epmd = requireProgram("epmd", folders("/usr/lib/erlang", "bin"));
const installed = requireProgram("rabbitmq-server", ["/usr/sbin"]);
const program = folders("/usr/lib/rabbitmq/lib", "sbin/rabbitmq-server").at(-1) ?? installed;
export const rabbitmqServer: string | undefined = epmd && installed && program;

/** Starts a RabbitMQ on the loopback, with the port mapper that Erlang needs. */
export async function startRabbitmq(): Promise<ServerProcess & { readonly url: string }> {
  const mapper = await startServer({
    command: (port) => [epmd ?? "epmd", "-port", String(port), "-address", "127.0.0.1"],
    answers: accepts,
  });
  const distribution = await freePort();
  const node = `t${process.pid}p${mapper.port}@localhost`;
  try {
    const server = await startServer({
      command: (port, folder) => [
        "env",
        ...Object.entries({
          HOME: folder,
          ERL_EPMD_PORT: mapper.port,
          ERL_EPMD_ADDRESS: "127.0.0.1",
          // The script becomes the server's process.
          RUNNING_UNDER_SYSTEMD: "true",
          RABBITMQ_BASE: folder,
          RABBITMQ_MNESIA_BASE: `${folder}/data`,
          RABBITMQ_LOG_BASE: `${folder}/log`,
          RABBITMQ_LOGS: "-",
          RABBITMQ_NODENAME: node,
          RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
          RABBITMQ_NODE_PORT: port,
          RABBITMQ_DIST_PORT: distribution,
          RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/plugins`,
          RABBITMQ_CONF_ENV_FILE: "/dev/null",
          RABBITMQ_CONFIG_FILE: `${folder}/rabbitmq`,
          RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
        }).map(([name, value]) => `${name}=${value}`),
        program ?? "rabbitmq-server",
      ],
      answers: greets,
    });
    const { stop: stopServer } = server;
    const stop = async (): Promise<void> => {
      await stopServer();
      await mapper.stop();
    };
    return Object.assign(server, { url: `amqp://guest:guest@127.0.0.1:${server.port}`, stop });
  } catch (error) {
    await mapper.stop();
    throw error;
  }
}

const accepts = (port: number): Promise<boolean> => asked(port, undefined);
/** The answer of the AMQP port to a client that speaks another protocol. */
const greets = (port: number): Promise<boolean> => asked(port, "HELLO\0\0\0");

function asked(port: number, word: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => (word === undefined ? settle(true) : socket.write(word)));
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (answer) => settle(answer.toString("latin1", 0, 4) === "AMQP"));
    socket.once("error", () => settle(false));
    socket.setTimeout(2_000, () => settle(false));
  });
}
