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
- Where the store can't list (memcached, DynamoDB, caches) at most 100 keys a second are read, two for each name, after
  2 000 at the start: names that come into use first, then open circuits, then names called since they were last read,
  then whichever was not read for longest. A change of a closed circuit that is called each second is seen in about a
  second, as long as no more than 30 names are called each second; of another after 2 × names / 80 s, longer while many
  are open or called. This process's own failure asks the store at once.
- An answer counts whenever it comes. A read or a write is given up after 5 s. A store is \`store-down\` when it fails or
  has answered nothing for that long, not when one answer is slow.

${sections.join("\n")}`;
}
