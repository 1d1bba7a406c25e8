import { shortenHost } from "./codec.js";
import type { Vote } from "./record.js";

/** Who votes, and how many votes are needed. */
export interface Ballot {
  /** The host. All its processes together have one vote, so that crash loops and workers don't make a quorum. */
  readonly host: string;
  readonly quorum: number;
  /** A vote counts at least this long, in ms. */
  readonly window: number;
}

/**
 * The votes that still count at `now` (in the store's clock), with this host's vote for `left` ms; at most `quorum`.
 */
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
