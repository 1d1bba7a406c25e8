// Line and dot charts as SVG, by hand: readable in light and dark, with nothing to install.

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 74;
const RIGHT = 24;
const TOP = 92;
const BOTTOM = 56;

const STYLE = `
  svg { color-scheme: light dark; }
  text { font: 13px ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #3d444d; }
  .title { font-size: 17px; font-weight: 600; fill: #1f2328; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .axis { stroke: #818b98; stroke-width: 1; }
  .mark { stroke: #818b98; stroke-width: 1.25; stroke-dasharray: 2 3; }
  .line { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
  .beyond { stroke-dasharray: 6 5; }
  .a { stroke: #0b6bcb; } .fa { fill: #0b6bcb; }
  .b { stroke: #c4590d; } .fb { fill: #c4590d; }
  .c { stroke: #1a7f4b; } .fc { fill: #1a7f4b; }
  .d { stroke: #8250df; } .fd { fill: #8250df; }
  .hollow { fill: #ffffff; stroke-width: 2; }
  .ground { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #b7bdc8; }
    .title { fill: #f0f6fc; }
    .grid { stroke: #2f353d; }
    .axis, .mark { stroke: #7d8590; }
    .a { stroke: #58a6ff; } .fa { fill: #58a6ff; }
    .b { stroke: #f0883e; } .fb { fill: #f0883e; }
    .c { stroke: #3fb950; } .fc { fill: #3fb950; }
    .d { stroke: #bc8cff; } .fd { fill: #bc8cff; }
    .hollow { fill: #0d1117; }
    .ground { fill: #0d1117; }
  }`;

const LETTERS = ["a", "b", "c", "d"];
const safe = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const text = (x, y, content, { anchor = "start", kind, turn } = {}) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"${kind ? ` class="${kind}"` : ""}${turn ? ` transform="rotate(${turn} ${x.toFixed(1)} ${y.toFixed(1)})"` : ""}>${safe(content)}</text>`;
const line = (x1, y1, x2, y2, kind) =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" class="${kind}"/>`;

/** 1 200, 0.07, 3.4 M: a number as on an axis. */
export function short(value) {
  if (value === 0) return "0";
  const of = (divisor, unit) => `${Number((value / divisor).toPrecision(3))}${unit}`;
  if (value >= 1e9) return of(1e9, " G");
  if (value >= 1e6) return of(1e6, " M");
  if (value >= 1e3) return of(1e3, " k");
  return String(Number(value.toPrecision(3)));
}

function scaleOf({ from, to, log }, start, end) {
  const at = log ? Math.log10 : (value) => value;
  const [low, high] = [at(from), at(to)];
  return (value) =>
    start + ((at(Math.max(value, log ? from : -Infinity)) - low) / (high - low)) * (end - start);
}

function ticksOf({ from, to, log, ticks }) {
  if (ticks) return ticks;
  if (log) {
    const all = [];
    for (let power = Math.ceil(Math.log10(from) - 1e-9); 10 ** power <= to * 1.0001; power++)
      all.push(10 ** power);
    return all;
  }
  const step = [1, 2, 5, 10]
    .map((n) => n * 10 ** Math.floor(Math.log10((to - from) / 5)))
    .find((n) => (to - from) / n <= 6);
  return Array.from({ length: Math.floor((to - from) / step + 1e-9) + 1 }, (_, n) => from + n * step);
}

function legend(names, y = 60) {
  let x = LEFT;
  const parts = [];
  for (const [at, name] of names.entries()) {
    parts.push(line(x, y - 4, x + 22, y - 4, `line ${LETTERS[at]}`));
    parts.push(`<circle cx="${x + 11}" cy="${y - 4}" r="3.5" class="f${LETTERS[at]}"/>`);
    parts.push(text(x + 29, y, name));
    x += 29 + name.length * 7 + 24;
  }
  return parts;
}

function frame(title, parts, height = HEIGHT) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${safe(title)}">
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>
${parts.join("\n")}
</svg>
`;
}

/**
 * Lines over an axis: `series` of `{ name, points: [x, y][], beyond: [x, y][] }`, whose `beyond` is extrapolated and
 * dashed; `marks` are values of y with a name.
 */
export function lines({ title, x, y, series, marks = [], dots = true }) {
  const across = scaleOf(x, LEFT, WIDTH - RIGHT);
  const up = scaleOf(y, HEIGHT - BOTTOM, TOP);
  const parts = [text(LEFT, 30, title, { kind: "title" }), ...legend(series.map(({ name }) => name))];
  for (const tick of ticksOf(y)) {
    parts.push(line(LEFT, up(tick), WIDTH - RIGHT, up(tick), "grid"));
    parts.push(text(LEFT - 8, up(tick) + 4, short(tick), { anchor: "end" }));
  }
  for (const tick of ticksOf(x))
    parts.push(text(across(tick), HEIGHT - BOTTOM + 20, short(tick), { anchor: "middle" }));
  parts.push(line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis"));
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x.label, { anchor: "middle" }));
  parts.push(text(18, (TOP + HEIGHT - BOTTOM) / 2, y.label, { anchor: "middle", turn: -90 }));
  for (const { at, name } of marks) {
    parts.push(line(LEFT, up(at), WIDTH - RIGHT, up(at), "mark"));
    parts.push(text(WIDTH - RIGHT - 4, up(at) - 5, name, { anchor: "end" }));
  }
  const path = (points) =>
    points.map(([a, b], at) => `${at ? "L" : "M"}${across(a).toFixed(1)} ${up(b).toFixed(1)}`).join("");
  // The first on top.
  for (const [at, { points, beyond = [] }] of [...series.entries()].reverse()) {
    const letter = LETTERS[at];
    if (points.length > 1) parts.push(`<path class="line ${letter}" d="${path(points)}"/>`);
    if (beyond.length > 0)
      parts.push(`<path class="line beyond ${letter}" d="${path([...points.slice(-1), ...beyond])}"/>`);
    if (!dots) continue;
    for (const [a, b] of points)
      parts.push(`<circle cx="${across(a).toFixed(1)}" cy="${up(b).toFixed(1)}" r="4" class="f${letter}"/>`);
    for (const [a, b] of beyond)
      parts.push(
        `<circle cx="${across(a).toFixed(1)}" cy="${up(b).toFixed(1)}" r="4" class="hollow ${letter}"/>`,
      );
  }
  return frame(title, parts);
}

/** Dots in rows over a logarithmic axis: `rows` of `{ name, values: (number | undefined)[] }`, one for each series. */
export function dots({ title, x, series, rows }) {
  const height = TOP + rows.length * 34 + BOTTOM;
  const left = LEFT + 26;
  const across = scaleOf({ ...x, log: true }, left, WIDTH - RIGHT);
  const parts = [text(LEFT, 30, title, { kind: "title" }), ...legend(series)];
  for (const tick of ticksOf({ ...x, log: true })) {
    parts.push(line(across(tick), TOP - 8, across(tick), height - BOTTOM, "grid"));
    parts.push(text(across(tick), height - BOTTOM + 20, short(tick), { anchor: "middle" }));
  }
  parts.push(text((left + WIDTH - RIGHT) / 2, height - 14, x.label, { anchor: "middle" }));
  for (const [row, { name, values }] of rows.entries()) {
    const y = TOP + row * 34 + 17;
    const seen = values.filter((value) => value !== undefined);
    parts.push(text(left - 10, y + 4, name, { anchor: "end" }));
    parts.push(line(across(Math.min(...seen)), y, across(Math.max(...seen)), y, "axis"));
    for (const [at, value] of values.entries())
      if (value !== undefined)
        parts.push(`<circle cx="${across(value).toFixed(1)}" cy="${y}" r="6" class="f${LETTERS[at]}"/>`);
  }
  return frame(title, parts, height);
}

/**
 * A timeline with a lane each: `lanes` of `{ name, spans: [{ from, to, letter, name }], moments: [{ at, name }] }`;
 * `x` is the axis that they share.
 */
export function timeline({ title, x, lanes }) {
  const height = 120 + lanes.length * 104;
  const across = scaleOf(x, LEFT, WIDTH - RIGHT);
  const parts = [text(LEFT, 30, title, { kind: "title" })];
  for (const tick of ticksOf(x)) {
    parts.push(line(across(tick), 52, across(tick), height - BOTTOM, "grid"));
    parts.push(text(across(tick), height - BOTTOM + 20, short(tick), { anchor: "middle" }));
  }
  for (const [at, { name, spans, moments }] of lanes.entries()) {
    const y = 70 + at * 104;
    parts.push(text(LEFT, y, name));
    for (const { from, to, letter, name: what } of spans) {
      const [left, right] = [across(from), across(to)];
      parts.push(
        `<rect x="${left.toFixed(1)}" y="${y + 8}" width="${(right - left).toFixed(1)}" height="26" rx="3" class="f${letter}" opacity="0.3"/>`,
      );
      parts.push(text(left + 8, y + 26, what));
    }
    for (const [nth, { at: moment, name: what, anchor = "start" }] of moments.entries()) {
      parts.push(line(across(moment), y + 4, across(moment), y + 46 + 18 * nth, "mark"));
      const offset = anchor === "end" ? -5 : 5;
      parts.push(text(across(moment) + offset, y + 52 + 18 * nth, what, { anchor }));
    }
  }
  parts.push(line(LEFT, height - BOTTOM, WIDTH - RIGHT, height - BOTTOM, "axis"));
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, height - 14, x.label, { anchor: "middle" }));
  return frame(title, parts, height);
}
