import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Histogram } from "./histogram.js";
import type { Place } from "./open-store.js";

/** What a run needs to start processes and to clean up. */
export interface Site {
  /** The worker's script, and the folder of the built library that it loads. */
  readonly worker: string;
  readonly library: string;
  /** The folder for the files of servers and stores. */
  readonly folder: string;
  /** Sends a message to the janitor. */
  note(...line: (string | number)[]): void;
}

/** The user of a worker, if it is another one than this process's. */
export interface As {
  readonly uid: number;
  readonly gid: number;
}

interface Told {
  readonly type: string;
  readonly circuit?: string;
  readonly at: number;
}

/**
 * The time in ms on the clock that all processes of a host share. `performance.timeOrigin` differs between processes.
 */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;
export const lasts = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A process of the fleet, seen from this one. */
export class Member {
  readonly index: number;
  readonly child: ChildProcess;
  readonly told: Told[] = [];
  readonly #waiting = new Map<number, { done(answer: never): void; lost(error: Error): void }>();
  #asked = 0;
  #gone = false;
  complaint = "";

  constructor(site: Site, place: Place, index: number, as: As | undefined) {
    this.index = index;
    const given = JSON.stringify({ place, index, library: site.library });
    this.child = fork(site.worker, [given], {
      execArgv: ["--expose-gc", "--no-warnings"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      ...as,
    });
    const pid = this.child.pid ?? 0;
    site.note("process", pid);
    this.child.stderr?.on("data", (text) => {
      this.complaint = (this.complaint + text).slice(0, 2_000);
    });
    this.child.once("exit", () => {
      this.#gone = true;
      site.note("gone", "process", pid);
      for (const { lost } of this.#waiting.values())
        lost(new Error(`process ${index} ended ${this.complaint}`));
    });
    this.child.on("message", (message: Told & { answer?: number }) => {
      if (message.answer === undefined) this.told.push(message);
      else this.#waiting.get(message.answer)?.done(message as never);
    });
  }

  ask<T>(order: string, details: object = {}): Promise<T> {
    if (this.#gone) return Promise.reject(new Error(`process ${this.index} ended: ${this.complaint}`));
    const id = ++this.#asked;
    return new Promise<T>((done, lost) => {
      this.#waiting.set(id, { done, lost });
      this.child.send({ id, order, ...details });
    }).finally(() => this.#waiting.delete(id));
  }

  /** When it learned of that, at or after a given moment. */
  heard(type: string, circuit: string, since = 0): number | undefined {
    return this.told.find((each) => each.type === type && each.circuit === circuit && each.at >= since)?.at;
  }

  async kill(): Promise<void> {
    if (this.#gone) return;
    const exit = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exit;
  }
}

/** The outcomes of the calls in a phase, in all processes together. */
export interface Figures {
  readonly calls: number;
  readonly wrongs: number;
  readonly wrong: readonly string[];
  readonly rejected: Record<string, number>;
  readonly admitted: Record<string, number>;
  /** p99 of the time that a circuit added to a call, and of the whole call, in ms. */
  readonly added: number;
  readonly total: number;
  /** Commands sent by the busiest process in each second. */
  readonly askedPerSecond: number;
  /** The most unanswered commands at one time in any process. */
  readonly pending: number;
}

interface Answer {
  readonly figures: Record<string, { ok: number; rejected: number }>;
  readonly wrongs: number;
  readonly wrong: string[];
  readonly added: number[];
  readonly total: number[];
  readonly asked: number;
  readonly most: number;
}

export class Fleet {
  readonly members: Member[] = [];
  readonly #site: Site;
  readonly #place: Place;
  readonly #as: As | undefined;
  #joined = 0;
  #began = now();

  constructor(site: Site, place: Place, as: As | undefined) {
    this.#site = site;
    this.#place = place;
    this.#as = as;
  }

  async start(size: number): Promise<void> {
    const joining = Array.from({ length: size }, () => this.join());
    await Promise.all(joining);
  }

  async join(): Promise<Member> {
    const member = new Member(this.#site, this.#place, this.#joined++, this.#as);
    this.members.push(member);
    await until(() => member.told.length > 0 || member.child.exitCode !== null, "a process started", 30_000);
    if (member.child.exitCode !== null) throw new Error(`a process ended at once: ${member.complaint}`);
    return member;
  }

  at(index: number): Member {
    const member = this.members[index % this.members.length];
    if (member === undefined) throw new Error("the fleet has no process");
    return member;
  }

  all<T>(order: string, details: object = {}): Promise<T[]> {
    return Promise.all(this.members.map((member) => member.ask<T>(order, details)));
  }

  async begin(): Promise<void> {
    await this.all("begin");
    this.#began = now();
  }

  /** The outcomes of the calls since `begin`. */
  async figures(): Promise<Figures> {
    const seconds = (now() - this.#began) / 1_000;
    const answers = await this.all<Answer>("figures");
    const [added, total] = [new Histogram(), new Histogram()];
    const rejected: Record<string, number> = {};
    const admitted: Record<string, number> = {};
    for (const answer of answers) {
      added.merge(answer.added);
      total.merge(answer.total);
      for (const [name, { ok, rejected: refused }] of Object.entries(answer.figures)) {
        rejected[name] = (rejected[name] ?? 0) + refused;
        admitted[name] = (admitted[name] ?? 0) + ok;
      }
    }
    return {
      calls: total.count,
      wrongs: answers.reduce((sum, { wrongs }) => sum + wrongs, 0),
      wrong: answers.flatMap(({ wrong }) => wrong).slice(0, 3),
      rejected,
      admitted,
      added: added.percentile(0.99),
      total: total.percentile(0.99),
      askedPerSecond: Math.max(...answers.map(({ asked }) => asked)) / seconds,
      pending: Math.max(...answers.map(({ most }) => most)),
    };
  }

  /** The largest heap of any process, in bytes, after a garbage collection. */
  async memory(): Promise<number[]> {
    return (await this.all<{ used: number }>("memory")).map(({ used }) => used);
  }

  /** When the last process learned that the circuit is open. Waits for that; `undefined` after the given time. */
  async opened(circuit: string, withinMs: number): Promise<number | undefined> {
    const heard = (): (number | undefined)[] => this.members.map((member) => member.heard("open", circuit));
    try {
      await until(() => heard().every((at) => at !== undefined), circuit, withinMs);
    } catch {
      return undefined;
    }
    return Math.max(...heard().map((at) => at ?? 0));
  }

  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
  }
}

/** Waits for a condition, and throws if it does not hold in time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs: number,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it took more than ${withinMs} ms until ${what}`);
    await lasts(10);
  }
}
