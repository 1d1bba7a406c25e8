import type { JSX } from "preact";
import { connection, silence } from "./feed.js";
import { duration, milliseconds, moment } from "./format.js";
import { Icon } from "./icons.jsx";
import { frame, hello, now, processes, store } from "./live-state.js";
import { type Tab, type Theme, tab, theme } from "./view-state.js";

const TABS: readonly (readonly [Tab, string])[] = [
  ["circuits", "Circuits"],
  ["processes", "Processes"],
  ["audit", "Audit"],
];
const NEXT: Readonly<Record<Theme, Theme>> = { auto: "light", light: "dark", dark: "auto" };

export function Header(): JSX.Element {
  frame.value;
  return (
    <header>
      <a class="mark" href="#main" title={hello.value ? `failfast ${hello.value.version}` : "failfast"}>
        <Icon name="logo">
          <path d="M1 11h4M11 11h4M5 11l5.6-6.4" />
          <circle cx="5" cy="11" r="1.4" fill="currentColor" stroke="none" />
          <circle cx="11" cy="11" r="1.4" fill="currentColor" stroke="none" />
        </Icon>
        failfast
      </a>
      <nav aria-label="Views">
        {TABS.map(([name, title]) => (
          <button
            type="button"
            key={name}
            aria-current={tab.value === name ? "page" : undefined}
            onClick={() => {
              tab.value = name;
            }}
          >
            {title}
            {name === "processes" ? <span class="dim">{processes.size}</span> : null}
          </button>
        ))}
      </nav>
      <StoreSign />
      <LiveSign />
      <button
        type="button"
        class="theme"
        aria-label={`Colours: ${theme.value}. Change`}
        title={`Colours: ${theme.value}`}
        onClick={() => {
          theme.value = NEXT[theme.value];
        }}
      >
        <Icon name="half">
          <circle cx="8" cy="8" r="5.5" />
          <path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" />
        </Icon>
        <span class="wide">{theme.value}</span>
      </button>
    </header>
  );
}

function StoreSign(): JSX.Element {
  const said = store.value;
  if (said === undefined) return <span class="sign">Store …</span>;
  if (!said.up) return <span class="sign bad">Store down</span>;
  return (
    <span class="sign" title={`The store is up, since ${moment(said.since, now.value)}`}>
      <span class="wide">Store </span>
      {said.latencyMs === undefined ? "up" : milliseconds(said.latencyMs)}
    </span>
  );
}

function LiveSign(): JSX.Element {
  const is = connection.value;
  return (
    <span class={`sign ${is === "live" ? "good" : "bad"}`} data-connection={is}>
      <span class={`pulse ${is === "live" ? "beats" : ""}`} aria-hidden="true" />
      {is === "live" ? "Live" : is === "stale" ? "Stale" : "Cut off"}
    </span>
  );
}

/** Problems that make the rest of the page unreliable. */
export function Troubles(): JSX.Element {
  const said = store.value;
  const is = connection.value;
  return (
    <div role="alert" class="troubles">
      {is === "live" ? null : (
        <p>
          <strong>{is === "stale" ? "This may be old." : "The server does not answer."}</strong> The last
          answer came {duration(silence.value * 1_000)} ago. The page reconnects by itself.
        </p>
      )}
      {said === undefined || said.up ? null : (
        <p>
          <strong>The store is down</strong> since {moment(said.since, now.value)}
          {said.error === undefined ? "" : `: ${said.error.slice(0, 200)}`}. The page shows the last known
          state, and updates by itself when the store is back. Processes go on with what they know.
        </p>
      )}
    </div>
  );
}
