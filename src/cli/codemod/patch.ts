/** Lines around a change. */
const CONTEXT = 3;

/** The difference of two texts with the same number of lines, as `diff -u` shows it and `git apply` takes it. */
export function patch(name: string, before: string, after: string): string {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const lines: string[] = [`--- a/${name}`, `+++ b/${name}`];
  for (const [first, last] of hunks(old, now)) {
    lines.push(`@@ -${first + 1},${last - first} +${first + 1},${last - first} @@`);
    for (let n = first; n < last; n++) {
      if (old[n] === now[n]) lines.push(` ${old[n]}`);
      else {
        const from = n;
        while (n + 1 < last && old[n + 1] !== now[n + 1]) n++;
        lines.push(...old.slice(from, n + 1).map((line) => `-${line}`));
        lines.push(...now.slice(from, n + 1).map((line) => `+${line}`));
      }
    }
  }
  return lines.join("\n");
}

/** The range of lines to show. The empty line after a last newline is not a line. */
function hunks(old: readonly string[], now: readonly string[]): [number, number][] {
  const end = old.at(-1) === "" ? old.length - 1 : old.length;
  const found: [number, number][] = [];
  for (let n = 0; n < end; n++) {
    if (old[n] === now[n]) continue;
    const [first, last] = [Math.max(0, n - CONTEXT), Math.min(end, n + CONTEXT + 1)];
    const open = found.at(-1);
    if (open !== undefined && first <= open[1]) open[1] = last;
    else found.push([first, last]);
  }
  return found;
}
