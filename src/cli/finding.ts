/** The result of testing one thing. */
export interface Finding {
  readonly what: string;
  readonly verdict: "ok" | "warning" | "failed";
  /** What was seen. */
  readonly seen: string;
  /** What to do about it. */
  readonly mend?: string;
}

/** What one test found. */
export type Result = Omit<Finding, "what">;

/** Tests one thing. An error is a finding too. */
export async function finding(what: string, look: () => Promise<Result>): Promise<Finding> {
  try {
    return { what, ...(await look()) };
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    return { what, verdict: "failed", seen, mend: mendOf(seen) };
  }
}

/** The usual reasons of the clients' errors, with advice. */
function mendOf(seen: string): string {
  if (/NOAUTH|WRONGPASS|password|authentication/i.test(seen))
    return "give the right user and password in the URL: redis://user:password@host";
  if (/ECONNREFUSED|not ready|connect|ENOTFOUND|getaddrinfo/i.test(seen))
    return "is the server running, and is the address right? Can this machine reach it?";
  if (/NOPERM|permission denied|42501|not authorized/i.test(seen))
    return "the user has no right to do that: docs/operations has the ACL lines and grants that it needs";
  if (/no answer within|timed? ?out/i.test(seen)) return "the server hangs, or a firewall drops the packets";
  if (/migrate|does not exist|no such table/i.test(seen)) return "create the table: failfast migrate";
  return "look at the server's log; docs/stores says what each store needs";
}
