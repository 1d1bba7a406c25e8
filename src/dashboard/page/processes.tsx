import type { JSX } from "preact";
import type { ProcessOfFleet } from "../../fleet/view.js";
import { count, duration } from "./format.js";
import { WarnIcon } from "./icons.jsx";
import { frame, now, processes, reports } from "./live-state.js";
import { Foreign } from "./name.jsx";

/** A process that reports every few seconds is late after this. */
const LATE_MS = 20_000;

/** Every process that reports. */
export function Processes(): JSX.Element {
  frame.value;
  const all = [...processes.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  if (all.length === 0)
    return (
      <p class="empty dim">
        {reports.value
          ? "No process reports. Processes of older versions, and with reports turned off, don't."
          : "This kind of store keeps no reports. So processes, their calls, and circuits that never opened can't be shown."}
      </p>
    );
  const usual = mostCommon(all.map(({ version }) => version));
  return (
    <div class="scrolls">
      <table class="plain-table">
        <thead>
          <tr>
            {["Host", "Process", "Service", "Version", "Circuits", "Up for", "Heard", "Its store"].map(
              (title) => (
                <th scope="col" key={title}>
                  {title}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {all.map((process) => (
            <Process key={process.id} process={process} usual={usual} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Process({ process, usual }: { process: ProcessOfFleet; usual: string | undefined }): JSX.Element {
  const silent = now.value - process.seenAt;
  return (
    <tr>
      <td>
        <Foreign text={process.host} shown={80} />
      </td>
      <td>{process.pid ?? "–"}</td>
      <td>{process.service === undefined ? "–" : <Foreign text={process.service} shown={80} />}</td>
      <td>
        <Odd is={process.version !== usual}>{process.version}</Odd>
      </td>
      <td>
        {count(process.circuits)}
        {process.truncated ? ", not all reported" : ""}
      </td>
      <td>{duration(now.value - process.startedAt)}</td>
      <td>
        <Odd is={silent > LATE_MS}>{silent < 1_500 ? "now" : `${duration(silent)} ago`}</Odd>
      </td>
      <td>
        <Odd is={!process.storeUp}>{process.storeUp ? "up" : "down"}</Odd>
      </td>
    </tr>
  );
}

function Odd({ is, children }: { is: boolean; children: string }): JSX.Element {
  if (!is) return <>{children}</>;
  return (
    <span class="odd">
      <WarnIcon />
      {children}
    </span>
  );
}

function mostCommon(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
