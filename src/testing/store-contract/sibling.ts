import { same } from "./error.js";
import { type Cases, type Fixture, LONG_MS } from "./fixture.js";
import { type Subject, subject } from "./subject.js";

/** A sibling keeps its records apart. The cases check nothing if the store has none. */
export const siblingCases: Cases = {
  "sibling: has records of its own, which every handle's sibling has": async ({ here, there, key }) => {
    const [ours, theirs] = [siblingOf(here), siblingOf(there)];
    if (ours === undefined || theirs === undefined) return;
    await here.set(key("a"), "the store's", LONG_MS);
    await ours.set(key("a"), "the sibling's", LONG_MS);
    same("get", await here.get(key("a")), "the store's", "after the sibling had another value");
    same("get", await theirs.get(key("a")), "the sibling's", "through another handle's sibling");
    await theirs.delete(key("a"));
    same("get", await ours.get(key("a")), null, "after another handle's sibling deleted it");
    same("get", await here.get(key("a")), "the store's", "after the sibling deleted its own");
  },
};

export const siblingListCases: Cases = {
  "sibling: its records are in no list of the store": async ({ here, key, prefix }) => {
    const sibling = siblingOf(here);
    if (sibling === undefined) return;
    await here.set(key("a"), "value", LONG_MS);
    await sibling.set(key("b"), "value", LONG_MS);
    const keys = (await here.list("")).map((entry) => entry.key).filter((each) => each.includes(prefix));
    same("list", keys.join(), key("a"), "of everything, after the sibling stored something");
  },
};

export const siblingWatchCases: Cases = {
  "sibling: wakes no watcher of the store": async ({ here, there, key, observe }: Fixture) => {
    const sibling = siblingOf(there);
    if (sibling === undefined) return;
    const seen = await observe(here, "");
    await sibling.set(key("b"), "value", LONG_MS);
    await there.set(key("a"), "last", LONG_MS);
    await seen.arrives(key("a"), "last");
    same("watch", seen.keys().includes(key("b")), false, "of a key that the sibling stored");
  },
};

const siblingOf = ({ store }: Subject): Subject | undefined =>
  store.sibling === undefined ? undefined : subject(store.sibling("contract"));
