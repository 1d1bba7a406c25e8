// The pure machine as it ships, of the library in a folder.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const ROOMS = ["ballot", "codec", "merge", "overlay", "standing", "transition"];

export async function loadMachine(library) {
  const rooms = ROOMS.map(
    (room) => import(pathToFileURL(join(resolve(library), "protocol", `${room}.js`)).href),
  );
  return Object.assign({}, ...(await Promise.all(rooms)));
}
