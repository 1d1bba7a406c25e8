import { instructions, ofEach } from "./bench/callgrind.mjs";
const names = process.argv.slice(2);
const c = await ofEach(names, (name) => instructions(new URL("./bench/instructions.mjs", import.meta.url), name, [30_000, 60_000], []));
const bare = c["the bare call"] ?? c["the bare failing call"];
for (const n of names) console.log(n, c[n], (c[n]/bare).toFixed(3));
