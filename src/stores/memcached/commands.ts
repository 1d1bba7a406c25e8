/** The memcached commands that the store uses. A write returns whether it wrote. */
export interface Commands {
  get(name: string): Promise<unknown>;
  set(name: string, value: string, exptime: number): Promise<boolean>;
  delete(name: string): Promise<unknown>;
  /** If the client has them. */
  readonly atomic?: Atomic;
}

export interface Atomic {
  add(name: string, value: string, exptime: number): Promise<boolean>;
  /** `undefined` if nothing is stored. The token becomes invalid with the next write. */
  gets(name: string): Promise<{ readonly value: unknown; readonly token: string } | undefined>;
  cas(name: string, value: string, token: string, exptime: number): Promise<boolean>;
}
