// How many timers a thousand idle circuits have: node verification/peer-defects/idle.mjs LIBRARY [configured]
const pending = new Set();
for (const [set, clear, again] of [
  ["setTimeout", "clearTimeout", false],
  ["setInterval", "clearInterval", true],
]) {
  const [made, ended] = [globalThis[set], globalThis[clear]];
  globalThis[set] = (run, ms, ...args) => {
    const handle = made(() => {
      if (!again) pending.delete(handle);
      run(...args);
    }, ms);
    pending.add(handle);
    return handle;
  };
  globalThis[clear] = (handle) => {
    pending.delete(handle);
    ended(handle);
  };
}
const { load } = await import("./libraries.mjs");
const { realTime } = await import("./world.mjs");

const library = await load(process.argv[2]);
const setting = process.argv[3] === "configured" ? library.settings.timers : {};
const circuits = Array.from({ length: 1_000 }, () =>
  library.make(realTime, { failures: 1, open: 60_000, ...setting }),
);
for (const circuit of circuits) await circuit.call(async () => "answer");
await new Promise((done) => setImmediate(done));
process.send({ timers: pending.size }, () => process.exit());
