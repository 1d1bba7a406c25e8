import { describe, expect, test } from "vitest";
import { encode } from "../protocol/codec.js";
import { KeyReader } from "./key-reader.js";
import { arrive, bench, type Deferred, deferred, isOpen } from "./replica.fixture.js";

const keys = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ key: `circuit:${at}`, fresh: false }));

/** A store that answers each read when it is told to. */
function reading() {
  const set = bench();
  const answers: Deferred<string | null>[] = [];
  set.store.get = () => {
    const answer = deferred<string | null>();
    answers.push(answer);
    return answer.promise;
  };
  const outcomes: { ok: boolean; error?: unknown }[] = [];
  const reader = new KeyReader(set.replica);
  const read = (count: number): void => reader.read(keys(count), (outcome) => outcomes.push(outcome));
  return { ...set, answers, outcomes, reader, read };
}

describe("keys that are read", () => {
  test("are over when all are answered, and at once if there are none", async () => {
    const { time, answers, outcomes, read } = reading();
    read(0);
    expect(outcomes).toEqual([{ ok: true, value: undefined }]);
    read(2);
    answers[0]?.resolve(null);
    await time.advance(0);
    expect(outcomes).toHaveLength(1);
    answers[1]?.resolve(null);
    await time.advance(0);
    expect(outcomes).toHaveLength(2);
  });

  test("are asked for sixteen at a time", async () => {
    const { time, answers, read } = reading();
    read(20);
    expect(answers).toHaveLength(16);
    answers[3]?.resolve(null);
    await time.advance(0);
    expect(answers).toHaveLength(17);
  });

  test("are not asked for any more once one has failed, and are over when those under way are answered", async () => {
    const { time, answers, outcomes, read } = reading();
    const error = new Error("no");
    read(20);
    answers[0]?.reject(error);
    await time.advance(0);
    expect([answers.length, outcomes]).toEqual([16, []]);
    for (const answer of answers) answer.resolve(null);
    await time.advance(0);
    expect(outcomes).toEqual([{ ok: false, error }]);
    read(20);
    expect(answers, "the next ones, sixteen at a time again").toHaveLength(32);
  });

  test("that are missing were forgotten by the store, unless they were written or adopted meanwhile", async () => {
    for (const [meanwhile, forgotten] of [
      ["nothing", true],
      ["a write", false],
      ["another record", false],
    ] as const) {
      const { time, replica, answers, reader } = reading();
      const entry = replica.circuit("0");
      arrive(replica, entry, isOpen(40));
      reader.read(keys(1), () => undefined);
      if (meanwhile === "a write") entry.write = { nonce: "mine", granted: () => undefined };
      if (meanwhile === "another record") arrive(replica, entry, isOpen(41));
      answers[0]?.resolve(null);
      await time.advance(0);
      expect(entry.stored === null, meanwhile).toBe(forgotten);
    }
  });

  test("that are found are what the store holds now, unless they were written or adopted meanwhile", async () => {
    for (const [meanwhile, current] of [
      ["no entry", true],
      ["nothing", true],
      ["a write", false],
      ["another record", false],
    ] as const) {
      const { time, replica, answers, reader } = reading();
      const found: unknown[] = [];
      const deliver = replica.cache.deliver.bind(replica.cache);
      replica.cache.deliver = ({ key }, arrival, isCurrent) => found.push(key, arrival, isCurrent);
      if (meanwhile !== "no entry") arrive(replica, replica.circuit("0"), isOpen(40));
      reader.read([{ key: "circuit:0", fresh: true }], () => undefined);
      if (meanwhile === "a write") replica.circuit("0").write = { nonce: "mine", granted: () => undefined };
      if (meanwhile === "another record") arrive(replica, replica.circuit("0"), isOpen(41));
      answers[0]?.resolve(encode(isOpen(42)));
      await time.advance(0);
      expect(found, meanwhile).toEqual(["circuit:0", { now: undefined, fresh: true }, current]);
      replica.cache.deliver = deliver;
    }
  });
});
