import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { MOST_CIRCUITS } from "../messages.js";
import { ActDialog, type Asked, titleOf } from "./act-dialog.jsx";
import { count } from "./format.js";
import { SearchIcon } from "./icons.jsx";
import { hello } from "./live-state.js";
import type { Filter, Grouping } from "./rows.js";
import { counts, filter, grouping, places, query, tab } from "./view-state.js";

const FILTERS: readonly (readonly [Filter, string])[] = [
  ["all", "All"],
  ["open", "Open"],
  ["half-open", "Half-open"],
  ["held", "Held"],
  ["disagree", "Disagreeing"],
  ["closed", "Closed"],
];

export function Toolbar(): JSX.Element {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const toSearch = (event: KeyboardEvent): void => {
      const typing =
        event.target instanceof Element && event.target.closest("input, textarea, select, dialog");
      if (event.key !== "/" || typing || tab.peek() !== "circuits") return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener("keydown", toSearch);
    return () => removeEventListener("keydown", toSearch);
  }, []);
  return (
    <div class="toolbar">
      <label class="search">
        <SearchIcon />
        <span class="unseen">Search circuits</span>
        <input
          ref={search}
          type="search"
          placeholder="Search name, reason, who   /"
          value={query.value}
          onInput={({ currentTarget }) => {
            query.value = currentTarget.value;
          }}
        />
      </label>
      <fieldset class="filters">
        <legend class="unseen">Show</legend>
        {FILTERS.map(([name, title]) => (
          <button
            type="button"
            key={name}
            aria-pressed={filter.value === name}
            onClick={() => {
              filter.value = name;
            }}
          >
            {title} <span class="dim">{count(counts.value[name])}</span>
          </button>
        ))}
      </fieldset>
      <label class="grouping">
        Group by
        <select
          value={grouping.value}
          onChange={({ currentTarget }) => {
            grouping.value = currentTarget.value as Grouping;
          }}
        >
          <option value="state">state</option>
          <option value="prefix">first word</option>
          <option value="none">nothing</option>
        </select>
      </label>
      <Together />
    </div>
  );
}

const ACTIONS: readonly Asked[] = [
  { verb: "hold", holds: "open" },
  { verb: "hold", holds: "closed" },
  { verb: "release" },
  { verb: "trip" },
  { verb: "reset" },
];

/** One action for all circuits that a search or a filter has found, as they were when it was asked for. */
function Together(): JSX.Element | null {
  const asked = useSignal<{ readonly what: Asked; readonly circuits: readonly string[] } | undefined>(
    undefined,
  );
  const found = places.value.size;
  const narrowed = query.value.trim() !== "" || filter.value !== "all";
  const offered = hello.value?.may === true && narrowed && found > 1 && found <= MOST_CIRCUITS;
  if (!offered && asked.value === undefined) return null;
  return (
    <fieldset class="actions together">
      <legend>All {count(found)} circuits in the list</legend>
      {ACTIONS.map((what) => (
        <button
          type="button"
          class="act"
          key={titleOf(what)}
          onClick={() => {
            asked.value = { what, circuits: [...places.peek().keys()] };
          }}
        >
          {titleOf(what)}
        </button>
      ))}
      {asked.value === undefined ? null : (
        <ActDialog
          circuits={asked.value.circuits}
          asked={asked.value.what}
          onClose={() => {
            asked.value = undefined;
          }}
        />
      )}
    </fieldset>
  );
}
