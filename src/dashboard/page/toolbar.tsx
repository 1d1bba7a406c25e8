import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { count } from "./format.js";
import { SearchIcon } from "./icons.jsx";
import type { Filter, Grouping } from "./rows.js";
import { counts, filter, grouping, query, tab } from "./view-state.js";

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
    </div>
  );
}
