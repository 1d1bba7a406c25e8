import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import type { AuditEntry } from "../../report/audit.js";
import { base } from "./feed.js";
import { moment } from "./format.js";
import { audit, circuits, now, verdicts } from "./live-state.js";
import { Foreign } from "./name.jsx";
import { selected } from "./view-state.js";

const AGAIN_MS = 10_000;

/** Reads the trail from the server. */
export async function readAudit(): Promise<void> {
  try {
    const answer = await fetch(`${base}/audit`);
    if (answer.ok) audit.value = ((await answer.json()) as { entries: AuditEntry[] }).entries;
  } catch {
    // What was read before stays; the head of the page says what is wrong.
  }
}

/** What operators did, the newest first: to all circuits, or to one. */
export function AuditTable({ circuit }: { circuit?: string }): JSX.Element {
  useSignalEffect(() => {
    verdicts.value;
    // The trail is written after the record.
    const soon = setTimeout(() => void readAudit(), 300);
    const again = setInterval(() => void readAudit(), AGAIN_MS);
    return () => {
      clearTimeout(soon);
      clearInterval(again);
    };
  });
  if (audit.value === undefined) return <p class="dim">Loading…</p>;
  const entries = audit.value.filter(
    (entry) => circuit === undefined || entry.circuit === circuit || entry.others?.includes(circuit) === true,
  );
  if (entries.length === 0) return <p class="dim">Nothing yet.</p>;
  return (
    <div class="scrolls">
      <table class="plain-table">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            {circuit === undefined ? <th scope="col">Circuit</th> : null}
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry, at) => (
            <tr key={`${entry.at} ${at}`}>
              <td class="moment">{moment(entry.at, now.value)}</td>
              <td>
                <Foreign text={entry.by} />
              </td>
              <td>
                {entry.verb === "hold" ? `held ${entry.holds ?? ""}` : DONE[entry.verb]}
                {entry.until === undefined ? "" : `, until ${moment(entry.until, now.value)}`}
              </td>
              {circuit === undefined ? (
                <td>
                  <CircuitLink name={entry.circuit} />
                  <Others entry={entry} />
                </td>
              ) : null}
              <td>{entry.reason === undefined ? "" : <Foreign text={entry.reason} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const DONE = { trip: "tripped", reset: "reset", release: "released" } as const;

const OTHERS_SHOWN = 100;

function Others({ entry: { others = [], omitted = 0 } }: { entry: AuditEntry }): JSX.Element | null {
  if (others.length + omitted === 0) return null;
  return (
    <details>
      <summary>and {others.length + omitted} more</summary>
      {others.slice(0, OTHERS_SHOWN).map((name) => (
        <div key={name}>
          <CircuitLink name={name} />
        </div>
      ))}
      {others.length + omitted > OTHERS_SHOWN ? "…" : ""}
    </details>
  );
}

function CircuitLink({ name }: { name: string }): JSX.Element {
  if (!circuits.has(name)) return <Foreign text={name} />;
  return (
    <button
      type="button"
      class="link"
      onClick={() => {
        selected.value = name;
      }}
    >
      <Foreign text={name} shown={80} />
    </button>
  );
}
