// Open-loop load: requests at a steady rate to each worker in turn, whatever the earlier ones do.
import { Agent, get } from "node:http";

/** Starts sending, `perSecond` to each port, evenly spread; `take` hands over what was answered since the last look. */
export function startLoad(ports, perSecond) {
  const agent = new Agent({ keepAlive: true });
  const interval = 1_000 / perSecond / ports.length;
  const began = performance.now();
  let answers = [];
  let sent = 0;
  let meant = ports;
  const underWay = new Map(ports.map((port) => [port, 0]));
  const timer = setInterval(() => {
    const due = (performance.now() - began) / interval;
    for (; sent < due; sent++) {
      const port = ports[sent % ports.length];
      if (meant.includes(port)) send(port);
    }
  }, interval);
  function send(port) {
    underWay.set(port, underWay.get(port) + 1);
    request(agent, port, (answer) => {
      underWay.set(port, underWay.get(port) - 1);
      answers.push(answer);
    });
  }
  return {
    /** From now on only to these. */
    only(some) {
      meant = some;
    },
    /** Whether the other ports have answered all that was sent to them. */
    othersAnswered() {
      return ports.every((port) => meant.includes(port) || underWay.get(port) === 0);
    },
    take() {
      return answers.splice(0);
    },
    stop() {
      clearInterval(timer);
      agent.destroy();
      answers = [];
    },
  };
}

function request(agent, port, take) {
  const began = performance.now();
  const done = (outcome) => {
    const ended = performance.now();
    take({ at: performance.timeOrigin + began, ms: ended - began, outcome });
  };
  get({ port, host: "127.0.0.1", agent }, (response) => {
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (chunk) => (body += chunk));
    response.on("end", () => done(body));
  }).on("error", (error) => done(String(error)));
}

export function summarise(answers) {
  const took = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const percentile = (share) => took[Math.ceil(took.length * share) - 1] ?? Number.NaN;
  const count = (wanted) => answers.filter(({ outcome }) => outcome === wanted).length;
  const known = {
    served: count("ok"),
    failedFast: count("failed fast"),
    timedOut: count("timed out"),
    noRoom: count("no room"),
  };
  const others = answers.length - Object.values(known).reduce((sum, each) => sum + each);
  return { requests: answers.length, p50: percentile(0.5), p99: percentile(0.99), ...known, others };
}
