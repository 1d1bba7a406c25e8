// Watches, and has nothing more to do.
import { fileStore } from "failfast/file";

const store = fileStore(process.argv[2]);
await store.watch("", { change() {}, gap() {} });
await store.set("k", "v", 60_000);
