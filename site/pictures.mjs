// Draws the pictures of docs/concepts.md: node site/pictures.mjs
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const STYLE = `
  svg { color-scheme: light dark; }
  text { font: 14px ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; text-anchor: middle; }
  .small { font-size: 12.5px; fill: #59636e; }
  .left { text-anchor: start; }
  .box { fill: #ffffff; stroke: #818b98; stroke-width: 1.25; }
  .ground { fill: #ffffff; }
  .good { fill: #dafbe1; stroke: #1a7f4b; } .bad { fill: #ffe9d9; stroke: #c4590d; } .try { fill: #ddf4ff; stroke: #0b6bcb; }
  .line { stroke: #59636e; stroke-width: 1.5; fill: none; marker-end: url(#tip); }
  .dashed { stroke-dasharray: 5 4; }
  .tip { fill: #59636e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .small { fill: #b7bdc8; }
    .ground { fill: #0d1117; } .box { fill: #161b22; stroke: #7d8590; }
    .good { fill: #12361f; stroke: #3fb950; } .bad { fill: #3d2212; stroke: #f0883e; } .try { fill: #0c2d4f; stroke: #58a6ff; }
    .line { stroke: #b7bdc8; } .tip { fill: #b7bdc8; }
  }`;

const safe = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const text = (x, y, content, kind = "") => `<text x="${x}" y="${y}" class="${kind}">${safe(content)}</text>`;
/** A box around its lines of text; the first is the larger. */
function box(x, y, width, height, lines, kind = "") {
  const first = y + height / 2 + 5 - (lines.length - 1) * 9;
  const words = lines.map((line, at) => text(x + width / 2, first + at * 18, line, at === 0 ? "" : "small"));
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" class="box ${kind}"/>${words.join("")}`;
}
const arrow = (path, dashed = false) => `<path d="${path}" class="line${dashed ? " dashed" : ""}"/>`;

function draw(name, title, height, parts) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${height}" width="760" height="${height}" role="img" aria-label="${safe(title)}">
<style>${STYLE}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>
<rect class="ground" width="760" height="${height}"/>
${parts.join("\n")}
</svg>
`;
  writeFileSync(fileURLToPath(new URL(`../docs/concepts/${name}.svg`, import.meta.url)), svg);
}

draw("circuit", "The three states of a circuit", 190, [
  box(30, 70, 170, 60, ["closed", "calls go through"], "good"),
  box(300, 70, 170, 60, ["open", "calls fail at once"], "bad"),
  box(570, 70, 160, 60, ["half-open", "one call tries"], "try"),
  arrow("M200 90H298"),
  text(249, 80, "it fails", "small"),
  arrow("M470 90H568"),
  text(519, 80, "the time is up", "small"),
  arrow("M600 132C590 172 420 172 400 132"),
  text(500, 182, "the try fails: open again", "small"),
  arrow("M650 68C640 14 130 14 115 68"),
  text(380, 20, "the try succeeds", "small"),
]);

const PROCESSES = [60, 300, 540];
draw("copies", "Each process has a copy of the record; changes are pushed", 250, [
  ...PROCESSES.flatMap((x, at) => [
    box(x, 150, 160, 62, [`process ${at + 1}`, "a copy of the record"], at === 0 ? "bad" : ""),
    text(x + 80, 236, "calls ask the copy, and nothing else", "small"),
  ]),
  box(270, 24, 220, 56, ["the store", "one record for each circuit"]),
  arrow("M140 148C150 90 200 60 268 56"),
  text(120, 96, "trips: one write", "small"),
  arrow("M380 82V148"),
  arrow("M492 56C560 60 610 90 620 148"),
  text(470, 122, "pushed to all the others", "small"),
]);

draw("lease", "One process gets the lease", 250, [
  box(270, 20, 220, 56, ["the store", "compare, and write"]),
  ...PROCESSES.map((x, at) =>
    box(
      x,
      140,
      160,
      60,
      [`process ${at + 1}`, at === 1 ? "has the lease: it tries" : "goes on rejecting"],
      at === 1 ? "try" : "bad",
    ),
  ),
  arrow("M140 138C150 90 200 60 268 52", true),
  text(130, 100, "too late", "small"),
  arrow("M380 138V78"),
  text(410, 112, "first", "small"),
  arrow("M620 138C610 90 560 60 492 52", true),
  text(640, 100, "too late", "small"),
  text(380, 232, "the backend gets one call, not one from each process", "small"),
]);

draw("alone", "A process goes on while the store is away", 230, [
  box(270, 20, 220, 56, ["the store", "down, frozen, or cut off"], "bad"),
  box(60, 130, 200, 66, ["process 1", "keeps what it knew,", "and trips by its own count"]),
  box(500, 130, 200, 66, ["process 2", "keeps what it knew,", "and trips by its own count"]),
  arrow("M170 128C180 90 220 62 268 56", true),
  arrow("M590 128C580 90 540 62 492 56", true),
  text(380, 160, "no call waits, none fails for it", ""),
  text(380, 182, "when it is back, both records are merged", "small"),
]);

draw("agree", "With a quorum of three, two hosts open nothing for others", 220, [
  ...[40, 190, 340, 490, 640].map((x, at) =>
    box(x, 110, 90, 56, [`host ${at + 1}`, at < 2 ? "votes" : "well"], at < 2 ? "bad" : "good"),
  ),
  box(250, 20, 260, 46, ["quorum: 3, votes: 2"]),
  arrow("M85 108C90 70 160 50 248 46"),
  arrow("M235 108C240 90 270 76 300 68"),
  text(380, 200, "a host that votes is open for itself at once; the fleet opens at the third vote", "small"),
]);

draw("late", "A late answer belongs to an older generation and counts for nothing", 200, [
  box(40, 120, 160, 46, ["generation 1: closed"], "good"),
  box(200, 120, 200, 46, ["generation 2: open"], "bad"),
  box(400, 120, 160, 46, ["generation 3: half-open"], "try"),
  box(560, 120, 160, 46, ["generation 4: closed"], "good"),
  arrow("M90 118C120 40 440 30 470 62"),
  text(270, 34, "a call of generation 1 takes very long", "small"),
  text(520, 92, "its answer counts for nothing:", "small"),
  text(520, 108, "it was let in under generation 1", "small"),
  text(380, 188, "time", "small"),
]);
