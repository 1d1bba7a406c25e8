import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { ACTION_HEADER, type Action, type ActionAnswer, LONGEST_REASON } from "../messages.js";
import { readAudit } from "./audit.jsx";
import { base } from "./feed.js";
import { count } from "./format.js";
import { announcement } from "./live-state.js";
import { Modal } from "./modal.jsx";
import { Foreign } from "./name.jsx";

export type Asked = Pick<Action, "verb" | "holds">;

const MINUTE = 60_000;
const TIMES: readonly (readonly [number, string])[] = [
  [5 * MINUTE, "5 minutes"],
  [15 * MINUTE, "15 minutes"],
  [60 * MINUTE, "1 hour"],
  [8 * 60 * MINUTE, "8 hours"],
  [24 * 60 * MINUTE, "a day"],
];

export const titleOf = ({ verb, holds }: Asked): string =>
  ({ hold: `Hold ${holds}`, release: "Release", trip: "Trip", reset: "Reset" })[verb];

const meaningOf = ({ verb, holds }: Asked): string =>
  ({
    hold:
      holds === "open"
        ? "Every process rejects its calls, whatever the backend does."
        : "Every process lets its calls through, even if they fail.",
    release: "The hold ends, and the circuit follows its calls again.",
    trip: "It opens for every process, and recovers by itself when the time is up.",
    reset: "It closes for every process, and all counts start again at zero.",
  })[verb];

/** Asks why and for how long, and does it. */
export function ActDialog({
  circuits,
  asked,
  onClose,
}: {
  /** One, or several. */
  circuits: readonly string[];
  asked: Asked;
  onClose: () => void;
}): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const error = useSignal("");
  const busy = useSignal(false);
  const takesTime = asked.verb === "hold" || asked.verb === "trip";
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = new FormData(form.current ?? undefined);
    const forMs = Number(given.get("for"));
    busy.value = true;
    error.value = "";
    const action = {
      ...asked,
      circuit: circuits[0] ?? "",
      ...(circuits.length > 1 ? { others: circuits.slice(1) } : {}),
      reason: String(given.get("reason")),
      ...(forMs > 0 ? { forMs } : {}),
    };
    error.value = (await send(action)) ?? "";
    busy.value = false;
    if (error.value !== "") return;
    announcement.value = `${titleOf(asked)}: the fleet has it.`;
    void readAudit();
    onClose();
  };
  return (
    <Modal
      class="ask"
      title={
        <>
          {titleOf(asked)}:{" "}
          {circuits.length === 1 ? (
            <Foreign text={circuits[0] ?? ""} shown={80} />
          ) : (
            `${count(circuits.length)} circuits`
          )}
        </>
      }
      onClose={onClose}
    >
      <form ref={form} onSubmit={(event) => void submit(event)}>
        <p>{meaningOf(asked)}</p>
        {circuits.length === 1 ? null : (
          <>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
            <ul class="meant" tabIndex={0} aria-label="Selected circuits">
              {circuits.map((name) => (
                <li key={name}>
                  <Foreign text={name} shown={80} />
                </li>
              ))}
            </ul>
            <label class="sure">
              <input type="checkbox" required /> All {count(circuits.length)} of them.
            </label>
          </>
        )}
        <label>
          Why? The others read it.
          <textarea name="reason" required maxLength={LONGEST_REASON} rows={2} />
        </label>
        {takesTime ? (
          <label>
            For how long?
            <select name="for">
              {asked.verb === "trip" ? <option value="0">its own time</option> : null}
              {TIMES.map(([ms, title]) => (
                <option key={ms} value={ms} selected={asked.verb === "hold" && ms === 60 * MINUTE}>
                  {title}
                </option>
              ))}
              {asked.verb === "hold" ? <option value="0">until it is released</option> : null}
            </select>
          </label>
        ) : null}
        <p class="error" role="alert">
          {error.value}
        </p>
        <div class="actions">
          <button type="button" class="plain" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="act main" disabled={busy.value}>
            {titleOf(asked)}
          </button>
        </div>
      </form>
    </Modal>
  );
}

/** What is wrong, where something is. */
async function send(action: Action): Promise<string | undefined> {
  try {
    const answer = await fetch(`${base}/act`, {
      method: "POST",
      headers: { "Content-Type": "application/json", [ACTION_HEADER]: "1" },
      body: JSON.stringify(action),
    });
    const { stored, error } = (await answer.json()) as ActionAnswer;
    if (answer.ok && stored) return undefined;
    return error === undefined ? "The store did not accept it. Try again." : `Not done: ${error}.`;
  } catch {
    return "The server did not answer, so it is not known whether it was done.";
  }
}
