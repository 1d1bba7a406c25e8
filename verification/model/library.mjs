// The pure functions of the library in a folder, as they ship: the circuit, and the protocol.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const PARTS = [
  "breaker/reducer/reduce",
  "breaker/reducer/standing",
  "breaker/reducer/decision",
  "breaker/reducer/lease",
  "breaker/reducer/others-turn",
  "breaker/reducer/state",
  "protocol/codec",
  "protocol/merge",
  "protocol/transition",
  "sync/local-deadline",
];

export async function loadLibrary(folder) {
  const parts = PARTS.map((part) => import(pathToFileURL(join(resolve(folder), `${part}.js`)).href));
  return Object.assign({}, ...(await Promise.all(parts)));
}
