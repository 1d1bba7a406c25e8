// A service with a circuit "database": fails it once, or waits until another process has opened it, and prints that.
const [dist, folder, does] = process.argv.slice(2);
const { createFailfast } = await import(`${dist}/index.js`);
const { fileStore } = await import(`${dist}/stores/file.js`);

const failfast = createFailfast({ store: fileStore(folder) });
const circuit = failfast("database", 60);
await failfast.ready();
if (does === "fail") {
  await circuit.run(() => Promise.reject(new Error("boom"))).catch(() => undefined);
  await failfast.settled();
} else {
  console.log("waits");
  const deadline = setTimeout(() => process.exit(1), 30_000);
  await new Promise((resolve) => circuit.on("open", resolve));
  clearTimeout(deadline);
}
await failfast.close();
console.log("done");
