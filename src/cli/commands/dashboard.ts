import { spawn } from "node:child_process";
import type { Command, Session } from "../command.js";
import { CommandError, EXIT } from "../errors.js";

/** The page over the fleet, until Ctrl-C. */
export const dashboard: Command = {
  summary: "serves the live page over the fleet, and opens it in the browser",
  endsItself: true,
  usage: "",
  details:
    "On another address than this machine's own it takes a password, or --read-only. Give the password by its variable: others see the arguments of a process.",
  flags: {
    port: { type: "string", takes: "N", help: "default: 4870; 0: one that is free" },
    host: { type: "string", takes: "ADDRESS", help: "default: 127.0.0.1, for this machine alone" },
    "base-path": {
      type: "string",
      takes: "PATH",
      help: "where the page is, behind a proxy that passes the path on",
    },
    origin: { type: "string", takes: "URL", help: "where browsers see it, behind a proxy" },
    user: { type: "string", takes: "NAME", help: "default: failfast" },
    password: { type: "string", takes: "TEXT", help: "what the page asks for; default: nothing" },
    "read-only": { type: "boolean", help: "nobody may hold, release, trip or reset" },
    "no-open": { type: "boolean", help: "opens no browser" },
  },
  async run({ args, out, store, interrupted }) {
    const { serveDashboard } = await import("../../dashboard/serve.js");
    const port = args.text("port");
    if (port !== undefined && !/^\d{1,5}$/.test(port))
      throw new CommandError("--port takes a number up to 65535", EXIT.usage);
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
    else out.line(`${served.url}  until Ctrl-C`);
    if (out.live && !args.given("no-open")) openBrowser(served.url);
    await untilInterrupted(interrupted);
    await served.close();
    return EXIT.ok;
  },
};

const mended = ({ code, message }: NodeJS.ErrnoException): string =>
  code === "EADDRINUSE" ? "that port is taken: give another one with --port, or 0 for any" : message;

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
