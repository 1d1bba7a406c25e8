import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

interface Queued {
  readonly id: string;
  readonly body: string;
  visibleAtMs: number;
  receives: number;
}

export interface QueueFake {
  readonly url: string;
  /** Deliveries, including repeated ones. */
  readonly received: number;
  /** How often a message's visibility was extended. */
  readonly kept: number;
  readonly left: number;
  /** The number of receives of the message that was received most often. */
  readonly mostReceives: number;
  close(): void;
}

/** As much of SQS's HTTP API as a consumer uses. */
export async function startQueueFake(
  bodies: readonly string[],
  { visibleAgainMs }: { readonly visibleAgainMs: number },
): Promise<QueueFake> {
  const queue = new Map<string, Queued>(
    bodies.map((body, n) => [`${n}`, { id: `${n}`, body, visibleAtMs: 0, receives: 0 }]),
  );
  const all = [...queue.values()];
  let received = 0;
  let kept = 0;
  const receive = ({ MaxNumberOfMessages = 1 }: { MaxNumberOfMessages?: number }): object => {
    const now = Date.now();
    const given = [...queue.values()]
      .filter(({ visibleAtMs }) => visibleAtMs <= now)
      .slice(0, MaxNumberOfMessages);
    for (const each of given) {
      each.visibleAtMs = now + visibleAgainMs;
      each.receives++;
      received++;
    }
    return {
      Messages: given.map(({ id, body }) => ({
        MessageId: id,
        ReceiptHandle: id,
        Body: body,
        MD5OfBody: md5(body),
      })),
    };
  };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const asked = JSON.parse(text);
    const action = String(request.headers["x-amz-target"]).split(".")[1];
    let answer: object = {};
    if (action === "ReceiveMessage") answer = receive(asked);
    if (action === "DeleteMessage") queue.delete(asked.ReceiptHandle);
    if (action === "ChangeMessageVisibility") {
      kept++;
      const its = queue.get(asked.ReceiptHandle);
      if (its) its.visibleAtMs = Date.now() + asked.VisibilityTimeout * 1_000;
    }
    response.writeHead(200, { "Content-Type": "application/x-amz-json-1.0" }).end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    get received() {
      return received;
    },
    get kept() {
      return kept;
    },
    get left() {
      return queue.size;
    },
    get mostReceives() {
      return Math.max(...all.map(({ receives }) => receives));
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
