// A fleet of real processes on a real Redis that is far away: every operation and every push takes that long.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { find, serve } from "../fleet/servers.mjs";

const PROCESSES = 4;

export async function farStudy(library) {
  const rows = [];
  for (const delay of [0, 200, 700, 1_000]) {
    const server = await serve(find("redis-server"), (port) => [
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--save", ""],
    ]);
    const members = Array.from({ length: PROCESSES }, () =>
      member(`redis://127.0.0.1:${server.port}`, delay, library.folder),
    );
    try {
      await Promise.all(members.map(({ ask }) => ask("ready")));
      const [first, ...others] = members;
      const began = performance.now();
      await first.ask("fail");
      await Promise.all(others.map(({ ask }) => ask("open")));
      const shared = performance.now() - began;
      // The open time is 3 s: by then everybody calls, until all are served.
      const recovered = performance.now();
      const served = await Promise.all(members.map(({ ask }) => ask("served")));
      const served_ = performance.now() - recovered;
      const { stored } = await first.ask("reset");
      const counts = await Promise.all(members.map(({ ask }) => ask("counts")));
      const sum = (what) => counts.reduce((total, each) => total + each[what], 0);
      rows.push([
        ...[delay, shared.toFixed(0), (served_ / 1_000).toFixed(1), Math.max(...served)],
        ...[sum("probes"), sum("swaps"), sum("downs"), stored ? "yes" : "no"],
      ]);
    } finally {
      for (const { end } of members) end();
      await server.stop();
    }
  }
  return {
    title: `A fleet of ${PROCESSES} processes whose store is far away`,
    text: `Real processes on a real Redis, each operation and push of which takes that much longer. One process fails, all
call ten times a second until they are served again after the open time of 3 s, and an operator resets the circuit.`,
    columns: [
      ...["away, ms", "a trip is known to all after, ms", "all served again after, s"],
      ...[
        "most calls rejected after the open time in a process",
        "probes",
        "swaps",
        "store-down",
        "reset stored",
      ],
    ],
    rows,
  };
}

function member(url, delay, folder) {
  const script = fileURLToPath(new URL("./far-member.mjs", import.meta.url));
  const child = fork(script, [url, `${delay}`, folder], { execArgv: [] });
  const waiting = [];
  child.on("message", (answer) => waiting.shift()?.(answer));
  return {
    ask: (what) =>
      new Promise((done, fail) => {
        waiting.push(done);
        child.once("exit", () => fail(new Error(`a process ended at "${what}"`)));
        child.send(what);
      }),
    end: () => child.kill("SIGKILL"),
  };
}
