// Watches, and then does nothing more.
import { fileStore } from "failfast/file";

const store = fileStore(process.argv[2]);
await store.watch("", { change() {}, gap() {} });
await store.set("k", "v", 60_000);
