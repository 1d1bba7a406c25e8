/** The most similar of the names, if one is similar enough. */
export function closest(word: string, names: readonly string[]): string | undefined {
  let found: string | undefined;
  let least = Math.max(2, Math.ceil(word.length / 3));
  for (const name of names.slice(0, 5_000)) {
    if (Math.abs(name.length - word.length) > least || name.length > 100) continue;
    const edits = distance(word, name);
    if (edits <= least && (found === undefined || edits < least)) {
      found = name;
      least = edits;
    }
  }
  return found;
}

/** How many characters have to be inserted, removed or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next[j] = Math.min(
        (next[j - 1] ?? 0) + 1,
        (row[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
