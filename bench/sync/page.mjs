/** The page of a whole run. */
export function page(results) {
  const sections = results.map(({ title, columns, rows, text }) => {
    const line = (cells) => `| ${cells.join(" | ")} |`;
    const table = [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
    return `## ${title}\n\n${text}\n\n${table}\n`;
  });
  return `# Keeping in step with the store

\`npm run bench:sync -- --write\` makes this page, on whatever machine it is run; figures compare within one run.
No call waits for any of this: a closed call and a rejection do no store operation.

- A poll comes every 12 to 18 s where the store pushes, every 0.8 to 1.2 s where it doesn't. Where the store gives a
  cursor (Redis, PostgreSQL, MySQL, SQLite, NATS, files, memory) it moves what changed. A list in full is read at the
  start, after a gap and once an hour.
- What this process takes in, it takes in slices of 5 ms. PostgreSQL, MySQL and SQLite are listed in pages of 1 000 records,
  or of more if the server is far away.
- If the store can't list (memcached, DynamoDB, caches), a process reads 2 000 keys at the start, and then at most 100 a second: two for
  each name. It first reads names that come into use, then open circuits, then names that were called since they were last read, then
  those that were not read for longest. If at most 30 names are called each second, a change of one of them is seen in about a second. A
  change of any other is seen after 2 × names / 80 s, or later while many are open or called. A failure in this process asks the
  store at once.
- An answer counts whenever it comes. A read or a write is given up after 5 s. A store is \`store-down\` when it fails or
  has answered nothing for that long, not when one answer is slow.

${sections.join("\n")}`;
}
