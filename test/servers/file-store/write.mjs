// Writes long values until it is killed.
import { fileStore } from "failfast/file";

const store = fileStore(process.argv[2]);
for (let count = 0; ; count++) {
  await store.set("k", `${count}:${"x".repeat(300_000)}:${count}`, 600_000);
  if (count === 0) process.send("writing");
}
