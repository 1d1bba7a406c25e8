import { shortenHost } from "./codec.js";
import type { Vote } from "./record.js";

/** Who votes, and what it takes. */
export interface Ballot {
  /** The host: its processes have one vote between them, so that crash loops and workers make no quorum. */
  readonly host: string;
  readonly quorum: number;
  /** A vote counts at least this long, in ms. */
  readonly window: number;
}

/** The votes that still count at `now` (in the store's clock), this host's among them for `left` ms; at most `quorum`. */
export function castVote(votes: readonly Vote[], ballot: Ballot, now: number, left: number): readonly Vote[] {
  const host = shortenHost(ballot.host);
  const others = votes.filter((vote) => vote.host !== host && vote.until > now);
  const own = { host, until: now + Math.ceil(Math.max(left, ballot.window)) };
  return [...others, own].slice(-ballot.quorum);
}

export function withdrawVote(votes: readonly Vote[], of: string): readonly Vote[] {
  const host = shortenHost(of);
  return votes.filter((vote) => vote.host !== host);
}

/** Whether the host has a vote that still counts at `now`, in the store's clock. */
export const hasVoted = (votes: readonly Vote[], host: string, now = 0): boolean =>
  votes.some((vote) => vote.host === shortenHost(host) && vote.until > now);
