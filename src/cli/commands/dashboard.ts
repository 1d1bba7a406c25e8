import { spawn } from "node:child_process";
import type { Command, Session } from "../command.js";
import { CommandError, EXIT } from "../errors.js";

/** The page over the fleet, until Ctrl-C. */
export const dashboard: Command = {
  summary: "serve a live page of the fleet, and open it in the browser",
  endsItself: true,
  usage: "",
  details:
    "With a --host that other machines can reach, it needs a password or --read-only. Set the password by its variable, because other\nusers of this machine can see the arguments of a process.",
  flags: {
    port: { type: "string", takes: "N", help: "default: 4870; 0: any free port" },
    host: { type: "string", takes: "ADDRESS", help: "default: 127.0.0.1, only this machine" },
    "base-path": {
      type: "string",
      takes: "PATH",
      help: "the path of the page, behind a proxy that keeps the path",
    },
    origin: { type: "string", takes: "URL", help: "the page's address in the browser, behind a proxy" },
    user: { type: "string", takes: "NAME", help: "default: failfast" },
    password: { type: "string", takes: "TEXT", help: "the page asks for it; default: none" },
    "read-only": { type: "boolean", help: "nobody can hold, release, trip or reset" },
    "no-open": { type: "boolean", help: "don't open a browser" },
  },
  async run({ args, out, store, interrupted }) {
    const { serveDashboard } = await import("../../dashboard/serve.js");
    const port = args.text("port");
    if (port !== undefined && !/^\d{1,5}$/.test(port))
      throw new CommandError("--port needs a number up to 65535", EXIT.usage);
    const served = await serveDashboard({
      store,
      port: port === undefined ? undefined : Number(port),
      host: args.text("host"),
      basePath: args.text("base-path"),
      origin: args.text("origin"),
      user: args.text("user"),
      password: args.text("password"),
      readOnly: args.given("read-only"),
    }).catch((error: unknown) => {
      throw new CommandError(mended(error as NodeJS.ErrnoException), EXIT.usage);
    });
    if (args.given("json")) out.json({ url: served.url });
    else out.line(`${served.url}  (stop with Ctrl-C)`);
    if (out.live && !args.given("no-open")) openBrowser(served.url);
    await untilInterrupted(interrupted);
    await served.close();
    return EXIT.ok;
  },
};

const mended = ({ code, message }: NodeJS.ErrnoException): string =>
  code === "EADDRINUSE"
    ? "the port is in use: choose another with --port, or --port 0 for any free one"
    : message;

/** Stays alive until Ctrl-C, even if nothing else keeps it alive. */
export function untilInterrupted(interrupted: Session["interrupted"]): Promise<void> {
  if (interrupted.aborted) return Promise.resolve();
  const timer = setInterval(() => undefined, 2 ** 30);
  return new Promise((resolve) => {
    interrupted.addEventListener("abort", () => {
      clearInterval(timer);
      resolve();
    });
  });
}

/** A machine without a browser is fine: the address was printed. */
function openBrowser(url: string): void {
  const [program = "", ...args] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", "", url]
        : ["xdg-open", url];
  spawn(program, args, { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
