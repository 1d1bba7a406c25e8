// Open-loop load: a request every so often to each worker, whatever became of the ones before.
import { Agent, get } from "node:http";

export function startLoad(ports, perSecond) {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const answers = [];
  const timers = ports.map((port) => setInterval(() => request(agent, port, answers), 1_000 / perSecond));
  return {
    /** What was answered since the last look. */
    take: () => answers.splice(0),
    stop() {
      for (const timer of timers) clearInterval(timer);
      agent.destroy();
    },
  };
}

function request(agent, port, answers) {
  const began = performance.now();
  const done = (status, body) => answers.push({ ms: performance.now() - began, status, body });
  get({ port, host: "127.0.0.1", agent }, (response) => {
    let body = "";
    response.on("data", (chunk) => (body += chunk));
    response.on("end", () => done(response.statusCode, body));
  }).on("error", (error) => done(0, error.code));
}

export function summarise(answers) {
  const took = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  const count = (body) => answers.filter((answer) => answer.body === body).length;
  return {
    requests: answers.length,
    p50: at(0.5),
    p99: at(0.99),
    served: count("ok"),
    rejected: count("fails fast"),
    timedOut: count("timed out"),
    noRoom: count("no room"),
  };
}
