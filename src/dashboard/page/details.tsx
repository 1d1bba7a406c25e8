import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { CircuitOfFleet } from "../../fleet/view.js";
import { ActDialog, type Asked } from "./act-dialog.jsx";
import { AuditTable } from "./audit.jsx";
import { Chart } from "./chart.jsx";
import { count, milliseconds, moment, percent } from "./format.js";
import { StatusIcon, WarnIcon } from "./icons.jsx";
import { closeDetails } from "./list.jsx";
import { circuits, frame, hello, history, now, processes } from "./live-state.js";
import { Modal } from "./modal.jsx";
import { Foreign } from "./name.jsx";
import { lately } from "./row.jsx";
import { nameOfStatus, statusOf } from "./status.js";
import { Legend } from "./summary.jsx";
import { TimeLeft } from "./time-left.jsx";
import { selected } from "./view-state.js";

/** In the details a name is shown whole, up to this. */
const WHOLE = 12_000;

/** Everything about one circuit, and what an operator can do to it. */
export function Details(): JSX.Element | null {
  frame.value;
  const name = selected.value;
  const circuit = name === undefined ? undefined : circuits.get(name);
  if (circuit === undefined) return null;
  return (
    <Modal
      key={circuit.name}
      class="drawer"
      title={<Foreign text={circuit.name} shown={WHOLE} />}
      onClose={closeDetails}
    >
      <Standing circuit={circuit} />
      {hello.value?.may ? (
        <Buttons circuit={circuit} />
      ) : (
        <p class="dim">You can only look. Actions need the rights of an operator.</p>
      )}
      <h3>Traffic</h3>
      <Chart of="traffic" series={() => history.of(circuit.name)} height={150} />
      <Legend />
      <h3>Latency, 99th percentile</h3>
      <Chart of="latency" series={() => history.of(circuit.name)} height={110} />
      <Figures circuit={circuit} />
      <h3>Settings</h3>
      {circuit.differing.length === 0 ? null : (
        <p class="odd">
          <WarnIcon />
          Not every process has the same: <Foreign text={circuit.differing.join(", ")} />.
        </p>
      )}
      <dl class="pairs">
        {Object.entries(circuit.settings).map(([option, value]) => (
          <div key={option}>
            <dt>{option}</dt>
            <dd>
              <Foreign text={value} />
            </dd>
          </div>
        ))}
      </dl>
      <h3>Processes</h3>
      <ProcessesOf circuit={circuit} />
      <h3>What operators did</h3>
      <AuditTable circuit={circuit.name} />
    </Modal>
  );
}

function Standing({ circuit }: { circuit: CircuitOfFleet }): JSX.Element {
  const { since, reason, by, reopens, votes } = circuit;
  const status = statusOf(circuit);
  return (
    <dl class={`standing ${status}`}>
      <div class="wide">
        <dt class="unseen">State</dt>
        <dd class="state">
          <StatusIcon status={status} />
          {nameOfStatus[status]}
          <TimeLeft circuit={circuit} />
        </dd>
      </div>
      {reason === undefined || status === "closed" ? null : (
        <div class="wide">
          <dt>Why</dt>
          <dd>
            <Foreign text={reason} shown={WHOLE} />
          </dd>
        </div>
      )}
      {by === undefined ? null : (
        <div>
          <dt>Who</dt>
          <dd>
            <Foreign text={by} />
          </dd>
        </div>
      )}
      {since === undefined ? null : (
        <div>
          <dt>Since</dt>
          <dd>{moment(since, now.value)}</dd>
        </div>
      )}
      {reopens === 0 ? null : (
        <div>
          <dt>Failed probes in a row</dt>
          <dd>{count(reopens)}</dd>
        </div>
      )}
      {votes.length === 0 ? null : (
        <div>
          <dt>Votes to open it</dt>
          <dd>
            {votes.map(({ host }, at) => (
              <span key={host}>
                {at > 0 ? ", " : ""}
                <Foreign text={host} />
              </span>
            ))}
          </dd>
        </div>
      )}
    </dl>
  );
}

function Buttons({ circuit }: { circuit: CircuitOfFleet }): JSX.Element {
  const asked = useSignal<Asked | undefined>(undefined);
  const button = (title: string, what: Asked): JSX.Element => (
    <button
      type="button"
      class="act"
      onClick={() => {
        asked.value = what;
      }}
    >
      {title}
    </button>
  );
  return (
    <div class="actions">
      {circuit.held === undefined ? null : button("Release", { verb: "release" })}
      {circuit.held === "open" ? null : button("Hold open", { verb: "hold", holds: "open" })}
      {circuit.held === "closed" ? null : button("Hold closed", { verb: "hold", holds: "closed" })}
      {circuit.state === "open" ? null : button("Trip", { verb: "trip" })}
      {circuit.state === "closed" ? null : button("Reset", { verb: "reset" })}
      {asked.value === undefined ? null : (
        <ActDialog
          circuits={[circuit.name]}
          asked={asked.value}
          onClose={() => {
            asked.value = undefined;
          }}
        />
      )}
    </div>
  );
}

function Figures({ circuit }: { circuit: CircuitOfFleet }): JSX.Element {
  const { totals, inFlight, latencyMs } = circuit;
  const { calls, failed } = lately(circuit.name);
  const figures: readonly (readonly [string, string | undefined])[] = [
    ["p50", latencyMs && milliseconds(latencyMs.p50)],
    ["p99", latencyMs && milliseconds(latencyMs.p99)],
    ["in flight", inFlight === undefined ? undefined : count(inFlight)],
    ["failing now", percent(failed, calls)],
    ["calls", totals.calls === undefined ? undefined : count(totals.calls)],
    ["failures", totals.failures === undefined ? undefined : count(totals.failures)],
    ["rejections", totals.rejections === undefined ? undefined : count(totals.rejections)],
    ["slow", totals.slow === undefined ? undefined : count(totals.slow)],
  ];
  return (
    <dl class="figures">
      {figures.map(([title, value]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{value ?? "–"}</dd>
        </div>
      ))}
    </dl>
  );
}

function ProcessesOf({ circuit }: { circuit: CircuitOfFleet }): JSX.Element {
  if (circuit.processes.length === 0) return <p class="dim">No process reports it.</p>;
  return (
    <ul class="processes">
      {circuit.processes.map(({ id, state, disagrees }) => (
        <li key={id}>
          <span>
            <Foreign text={id} />
            <span class="dim"> {processes.get(id)?.version ?? ""}</span>
          </span>
          <span>{state}</span>
          {disagrees === undefined ? null : (
            <span class="odd">
              <WarnIcon />
              <Foreign text={disagrees} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
