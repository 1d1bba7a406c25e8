import type { Report } from "../call/reported-call.js";
import type { Silence } from "../call/silence.js";
import { TimeoutError } from "../errors/timeout-error.js";

/** How a call ended. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: GrpcMetadata;
}

/** The part of gRPC's metadata that is used. */
export interface GrpcMetadata {
  get(key: string): unknown[];
  set(key: string, value: string): void;
}

/** The part of a call of grpc-js that is used. */
export interface Call {
  cancelWithStatus(code: number, details: string): void;
  sendMessageWithContext(context: Context, message: unknown): void;
  startRead(): void;
}

interface Context {
  callback?(error?: unknown): void;
}

export interface Listener {
  onReceiveMetadata(metadata: GrpcMetadata): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: GrpcStatus): void;
}

/** What an interceptor is told about a call. */
export interface Method {
  readonly method_definition: { readonly path: string; readonly responseStream: boolean };
  /** The incoming call of this server for which it is made. Cancelling that call cancels the calls made for it. */
  readonly parent?: { readonly cancelled: boolean; getDeadline?(): Date | number };
  readonly deadline?: Date | number;
}

export const CANCELLED = 1;
export const DEADLINE_EXCEEDED = 4;

/**
 * What grpc-js says about a call that it didn't send: the caller's own mistake, or its own channel or credentials. A
 * server may use similar words about itself, so each is as long as grpc-js has it.
 */
const NOT_SENT = new RegExp(
  [
    "^Request message serialization failure",
    "^Attempted to send message with a size larger than ",
    "^Channel closed before call started",
    '^"authorization" metadata ',
    "^Failed to parse (DNS|ipv4|ipv6) address ",
    "^Unrecognized scheme \\S+ in IP resolver",
    "^(Invalid status from control plane: \\d+ \\w+ )?Getting metadata from plugin failed with error",
  ].join("|"),
);

/** A call that its circuit admits or rejects. It passes on what happens, and reports its outcome to the circuit. */
export class GuardedCall {
  listener: Listener | undefined;
  /** The caller has its status. */
  ended = false;
  silence: Silence | undefined;
  #begun = false;
  readonly #next: Call;
  readonly #parent: Method["parent"];
  /** Its caller had no time left when it asked. */
  readonly #tooLate: boolean;
  readonly #firstCounts: boolean;
  readonly #failed: (status: GrpcStatus) => boolean;
  #report: Report | undefined;
  #cancelled = false;
  #writing: Context | undefined;

  constructor(
    next: Call,
    { parent, deadline }: Method,
    firstCounts: boolean,
    failed: (status: GrpcStatus) => boolean,
  ) {
    this.#next = next;
    this.#parent = parent;
    this.#tooLate = [deadline, parent?.getDeadline?.()].some((end) => Number(end) <= Date.now());
    this.#firstCounts = firstCounts;
    this.#failed = failed;
  }

  /** The listener of a call that is made. */
  started(report: Report): Listener {
    this.#report = report;
    const listener = this.listener as Listener;
    return {
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
      onReceiveMessage: (message) => {
        this.silence?.rest();
        this.#begun = true;
        if (this.#firstCounts && message !== null) report.returned(OK);
        listener.onReceiveMessage(message);
      },
      onReceiveStatus: (status) => {
        this.silence?.end();
        this.#judge(report, status);
        listener.onReceiveStatus(status);
      },
    };
  }

  #judge(report: Report, status: GrpcStatus): void {
    const { code, details } = status;
    // Cancelled on this side, or never sent: it says nothing about the server.
    if (
      this.#cancelled ||
      this.#parent?.cancelled ||
      (this.#tooLate && code === DEADLINE_EXCEEDED) ||
      NOT_SENT.test(details)
    )
      report.left();
    // As an error, so that other hosts don't learn of a time-out that this process itself caused.
    else if (code === DEADLINE_EXCEEDED && this.#failed(status)) report.threw(new TimeoutError(details));
    else report.returned(status);
  }

  /** Ends a call that is not made. */
  end(status: GrpcStatus): void {
    if (this.ended) return;
    this.ended = true;
    // It was never started, and this is the only way to clear its timer.
    this.#next.cancelWithStatus(CANCELLED, status.details);
    this.#writing?.callback?.();
    this.listener?.onReceiveStatus(status);
  }

  /** Its caller cancels it, perhaps before it is made. */
  cancelled(metadata: GrpcMetadata): void {
    this.#cancelled = true;
    if (this.#report === undefined) this.end({ code: CANCELLED, details: "Cancelled on client", metadata });
  }

  /** After its first message the stream counts as silent only while the next message is requested. */
  watchReads(call: Call): void {
    const read = call.startRead.bind(call);
    call.startRead = () => {
      if (this.#begun) this.silence?.wait();
      read();
    };
  }

  /** Messages written to a call that is not made are dropped, so that nobody waits for them. */
  answerWrites(call: Call): void {
    const send = call.sendMessageWithContext.bind(call);
    call.sendMessageWithContext = (context, message) => {
      if (this.ended) {
        context.callback?.();
        return;
      }
      this.#writing = context;
      send(context, message);
    };
  }
}

const OK = { code: 0, details: "OK" };
