import type { ServerProcess } from "../../../test/servers/server-process.js";
import type { Fault, Subject } from "../subject.js";

/** A store whose server is one process. */
interface Served extends Subject {
  readonly server: ServerProcess;
}

type Kept = Pick<Fault, "quick" | "loses">;

/** For a minute in the long run. */
export const frozen = (kept: Kept = {}): Fault<Served> => ({
  name: "frozen",
  seconds: 60,
  ...kept,
  inject({ server }) {
    server.pause();
    return () => server.resume();
  },
});

export const killed = (name: string, kept: Kept = {}): Fault<Served> => ({
  name,
  ...kept,
  inject({ server }, { ms }) {
    const back = server.restart(ms);
    return () => back;
  },
});

/** Down only as long as a start takes. */
export const restarted = (name: string, kept: Kept = {}): Fault<Served> => ({
  name,
  ...kept,
  async inject({ server }) {
    await server.restart(0);
    return () => undefined;
  },
});
