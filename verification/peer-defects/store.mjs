// The store of a fleet, with a delay of 1 ms each way, and its faults.

/** `connect` returns one process's link to the store; `faults` are faults of the store for all of them. */
export function linked(time, inner) {
  let mode = "up";
  let operations = 0;
  const watchers = new Set();
  const never = new Promise(() => {});

  function connect() {
    let alive = true;
    const asked = async (verb, args) => {
      if (verb !== "list" && verb !== "watch") operations++;
      await time.sleep(1);
      if (!alive || mode === "frozen") return never;
      if (mode === "down") throw new Error("the store is down");
      const answer = await inner[verb](...args);
      await time.sleep(1);
      return alive ? answer : never;
    };
    const store = {};
    for (const verb of ["get", "set", "delete", "del", "swap", "list", "reset"])
      if (inner[verb] !== undefined) store[verb] = (...args) => asked(verb, args);
    if (inner.watch !== undefined) {
      store.watch = (prefix, on) => {
        const told = (what) => (entry) => {
          if (alive && mode === "up") time.clock.after(1, () => alive && on[what](entry));
        };
        watchers.add(told("gap"));
        return asked("watch", [prefix, { change: told("change"), gap: told("gap") }]);
      };
    }
    return {
      store,
      cut: () => {
        alive = false;
      },
    };
  }

  return {
    connect,
    faults: {
      /** Reads and writes of all processes so far. Occasional reads of everything count apart. */
      operations: () => operations,
      setStore(next) {
        mode = next;
        if (next === "up") for (const gap of watchers) gap();
      },
      async emptyStore() {
        if (inner.reset) await inner.reset();
        else for (const { key } of await listAll(inner)) await inner.delete(key);
        for (const gap of watchers) gap();
      },
    },
  };
}

/** Every entry of a list, in whichever form the store answers. */
async function listAll(store) {
  const answer = await store.list("");
  return [...(Symbol.iterator in answer ? answer : answer.entries)];
}
