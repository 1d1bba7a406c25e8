// Stores that can't list: how many keys a second are read, and how old the known state may be. In virtual time.
const SECONDS = 600;
/** How many names are called each second, to see when they hear of a trip. */
const CALLED = 10;

export async function namesStudy(library) {
  const { createFailfast } = await library.load("index.js");
  const { manualClock } = await library.load("testing/index.js");
  const rows = [];
  for (const names of [10, 1_000, 20_000]) {
    const clock = manualClock();
    const read = new Map();
    const stored = new Map();
    let reads = 0;
    let oldest = 0;
    const store = {
      get: (key) =>
        new Promise((done) =>
          clock.after(5, () => {
            reads++;
            const last = read.get(key);
            if (last !== undefined) oldest = Math.max(oldest, clock.now() - last);
            read.set(key, clock.now());
            done(stored.get(key) ?? null);
          }),
        ),
      set: async (key, value) => void stored.set(key, value),
      delete: async () => {},
    };
    const failfast = createFailfast({ clock, store, maxCircuits: 50_000 });
    let downs = 0;
    failfast.on("store-down", () => downs++);
    const circuits = failfast((name) => name, 60);
    const guarded = circuits(async () => 1);
    for (let n = 0; n < names; n++) await guarded(`n${n}`);
    await clock.advance(30_000);
    reads = 0;
    await clock.advance(SECONDS * 1_000);
    const seen = [...read.values()];
    for (const at of seen) oldest = Math.max(oldest, clock.now() - at);
    const heardMs = await heardOfTrips(createFailfast, clock, store, circuits, guarded);
    const unread = 2 * names - read.size;
    rows.push([
      ...[
        names,
        (reads / SECONDS).toFixed(1),
        unread > 0 ? `${unread} keys unread` : (oldest / 1_000).toFixed(1),
        (heardMs / 1_000).toFixed(1),
      ],
      downs,
    ]);
    await Promise.all([failfast.close(), clock.advance(1_000)]);
  }
  return {
    title: "A store that can't list",
    text: `Names that are all closed, each read taking 5 ms, over ${SECONDS} s of virtual time.`,
    columns: [
      "names in use",
      "keys read a second",
      "longest between two reads of a key, s",
      `longest until one of ${CALLED} names called each second hears of a trip, s`,
      "store-down",
    ],
    rows,
  };
}

/** The longest time until a name that is called each second is open here, after another process tripped it. */
async function heardOfTrips(createFailfast, clock, store, circuits, guarded) {
  const names = Array.from({ length: CALLED }, (_, n) => `n${n}`);
  const second = async () => {
    for (const name of names) await guarded(name).catch(() => {});
    for (let tenth = 0; tenth < 10; tenth++) {
      for (const name of names)
        if (circuits.for(name).state === "open") heard.set(name, heard.get(name) ?? clock.now());
      await clock.advance(100);
    }
  };
  const heard = new Map();
  for (let n = 0; n < 60; n++) await second();
  const other = createFailfast({ clock, store });
  const trips = names.map((name) => other(name, 3_600).trip());
  await clock.advance(100);
  await Promise.all(trips);
  const trippedAt = clock.now();
  for (let n = 0; n < SECONDS && heard.size < names.length; n++) await second();
  await Promise.all([other.close(), clock.advance(1_000)]);
  return heard.size < names.length ? Infinity : Math.max(...heard.values()) - trippedAt;
}
