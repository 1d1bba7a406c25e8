import { effect } from "@preact/signals";
import { type JSX, render } from "preact";
import { AuditTable } from "./audit.jsx";
import { Details } from "./details.jsx";
import { follow } from "./feed.js";
import { Header, Troubles } from "./header.jsx";
import { List } from "./list.jsx";
import { announcement } from "./live-state.js";
import { Processes } from "./processes.jsx";
import { Summary } from "./summary.jsx";
import { Toolbar } from "./toolbar.jsx";
import { counts, keepTheme, tab } from "./view-state.js";
import "./style.css";

function Page(): JSX.Element {
  return (
    <>
      <Header />
      <Troubles />
      <main id="main">
        {tab.value === "circuits" ? (
          <>
            <Summary />
            <Toolbar />
            <List />
          </>
        ) : (
          <section class="other">
            <h1>{tab.value === "processes" ? "Processes" : "What operators did"}</h1>
            {tab.value === "processes" ? <Processes /> : <AuditTable />}
          </section>
        )}
      </main>
      <footer class="dim">
        <kbd>/</kbd> search <kbd>↑</kbd> <kbd>↓</kbd> move <kbd>Enter</kbd> details <kbd>Esc</kbd> back
      </footer>
      <Details />
      <p class="unseen" aria-live="polite">
        {announcement.value}
      </p>
    </>
  );
}

keepTheme();
effect(() => {
  const { open } = counts.value;
  document.title = open > 0 ? `(${open} open) Circuits` : "Circuits";
});
const place = document.getElementById("page");
if (place !== null) render(<Page />, place);
follow();
