import type { Consumer, EachMessagePayload } from "kafkajs";

/**
 * One partition, delivered as by a consumer of kafkajs: in order, and each message is committed once its handler
 * resolves.
 */
export class KafkaFake implements Pick<Consumer, "pause" | "resume" | "run"> {
  readonly #messages: readonly string[];
  #eachMessage: ((payload: EachMessagePayload) => Promise<void>) | undefined;
  #working = false;
  #inFlight = false;
  paused = false;
  delivered = 0;
  heartbeats = 0;
  committed: string[] = [];

  constructor(messages: readonly string[]) {
    this.#messages = messages;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    void this.#work();
  }

  /** A message that was fetched before the pause is delivered anyway. */
  deliverOneMore(): void {
    this.#inFlight = true;
  }

  async run({
    eachMessage,
  }: {
    eachMessage?: (payload: EachMessagePayload) => Promise<void>;
  } = {}): Promise<void> {
    this.#eachMessage = eachMessage;
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    while ((!this.paused || this.#inFlight) && this.committed.length < this.#messages.length) {
      this.#inFlight = false;
      const value = this.#messages[this.committed.length] as string;
      this.delivered++;
      const payload = {
        topic: "invoices",
        partition: 0,
        message: { value: Buffer.from(value) },
        heartbeat: async () => void this.heartbeats++,
        pause: () => () => undefined,
      };
      await this.#eachMessage?.(payload as unknown as EachMessagePayload);
      this.committed.push(value);
    }
    this.#working = false;
  }
}
