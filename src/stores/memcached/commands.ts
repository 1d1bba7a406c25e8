/** The commands of memcached as the store uses them; those that write say whether they did. */
export interface Commands {
  get(name: string): Promise<unknown>;
  set(name: string, value: string, exptime: number): Promise<boolean>;
  delete(name: string): Promise<unknown>;
  /** Where the client has them. */
  readonly atomic?: Atomic;
}

export interface Atomic {
  add(name: string, value: string, exptime: number): Promise<boolean>;
  /** `undefined` where nothing is stored; the token is gone with the next write. */
  gets(name: string): Promise<{ readonly value: unknown; readonly token: string } | undefined>;
  cas(name: string, value: string, token: string, exptime: number): Promise<boolean>;
}
