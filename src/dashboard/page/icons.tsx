import type { JSX } from "preact";
import type { Status } from "./status.js";

/** A switch in a wire: shut, open, half-way, or under a lock. The shapes differ, so that no colour is needed. */
const SHAPES: Readonly<Record<Status, JSX.Element>> = {
  closed: <path d="M1 8h14" />,
  open: <path d="M1 8h4M11 8h4M5 8l5-5" />,
  "half-open": <path d="M1 8h4M11 8h4M5 8l6-2.6" />,
  "held-open": (
    <>
      <path d="M5 7V5a3 3 0 0 1 6 0v2" />
      <path d="M3.5 7h9v6.5h-9zM6 10.2h1M9 10.2h1" />
    </>
  ),
  "held-closed": (
    <>
      <path d="M5 7V5a3 3 0 0 1 6 0v2" />
      <path d="M3.5 7h9v6.5h-9zM6 10.2h4" />
    </>
  ),
};

export function StatusIcon({ status }: { status: Status }): JSX.Element {
  return (
    <Icon name={`status ${status}`}>
      {SHAPES[status]}
      {status.startsWith("held") ? null : (
        <>
          <circle cx="5" cy="8" r="1.3" fill="currentColor" stroke="none" />
          <circle cx="11" cy="8" r="1.3" fill="currentColor" stroke="none" />
        </>
      )}
    </Icon>
  );
}

export function Icon({ name, children }: { name: string; children: unknown }): JSX.Element {
  return (
    <svg class={`icon ${name}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {children as JSX.Element}
    </svg>
  );
}

export const SearchIcon = (): JSX.Element => (
  <Icon name="magnifier">
    <circle cx="7" cy="7" r="4.5" />
    <path d="M10.5 10.5 14 14" />
  </Icon>
);

export const CloseIcon = (): JSX.Element => (
  <Icon name="cross">
    <path d="m3.5 3.5 9 9M12.5 3.5l-9 9" />
  </Icon>
);

export const WarnIcon = (): JSX.Element => (
  <Icon name="warn">
    <path d="M8 2 15 14H1zM8 6.5v3.5M8 12v.2" />
  </Icon>
);
