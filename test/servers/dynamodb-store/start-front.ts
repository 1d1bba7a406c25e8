import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

/** A proxy in front of the emulator that adds what the emulator does not have. */
export interface Front {
  readonly port: number;
  /** The requests in order: "GetItem", "PutItem", … with their input. */
  readonly requests: { readonly operation: string; readonly input: Record<string, unknown> }[];
  /** From now on there are no answers. `hanging` counts requests that wait. */
  freeze(): void;
  hanging(): number;
  /** What becomes of a request: the name of an error in place of an answer, or the answer is lost on its way. */
  harm: ((operation: string) => { readonly error: string } | "lose" | undefined) | undefined;
  close(): Promise<void>;
}

/**
 * The emulator does not have `ReturnValuesOnConditionCheckFailure`: this adds the stored item to its refusals, spelled
 * as in all answers of DynamoDB.
 */
export async function startFront(emulator: number): Promise<Front> {
  const requests: Front["requests"] = [];
  const hanging = new Set<IncomingMessage>();
  let frozen = false;

  async function ask(headers: IncomingMessage["headers"], body: string): Promise<[number, string]> {
    const { "x-amz-target": target, authorization, "x-amz-date": date } = headers;
    const answer = await fetch(`http://127.0.0.1:${emulator}/`, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": String(target),
        authorization: String(authorization),
        "x-amz-date": String(date),
      },
      body,
    });
    return [answer.status, await answer.text()];
  }

  const server = createServer((request, response) => {
    void (async () => {
      if (frozen) {
        hanging.add(request);
        request.socket.once("close", () => hanging.delete(request));
        return;
      }
      const body = (await buffer(request)).toString();
      const target = String(request.headers["x-amz-target"]);
      const operation = target.replace(/.*\./, "");
      requests.push({ operation, input: JSON.parse(body) });
      const harm = front.harm?.(operation);
      if (typeof harm === "object") {
        const type = `com.amazonaws.dynamodb.v20120810#${harm.error}`;
        response.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
        response.end(JSON.stringify({ __type: type, message: "refused" }));
        return;
      }
      const [status, text] = await ask(request.headers, body);
      if (harm === "lose") {
        request.socket.destroy();
        return;
      }
      const refused = status === 400 && text.includes("ConditionalCheckFailed");
      const asked = refused && body.includes('"ReturnValuesOnConditionCheckFailure":"ALL_OLD"');
      response.writeHead(status, { "content-type": "application/x-amz-json-1.0" });
      response.end(asked ? JSON.stringify({ ...JSON.parse(text), ...(await stored(request, body)) }) : text);
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  async function stored(request: IncomingMessage, body: string): Promise<object> {
    const { TableName, Item } = JSON.parse(body);
    const key = "id" in Item ? { id: Item.id } : { pk: Item.pk };
    const read = { TableName, Key: key, ConsistentRead: true };
    const headers = { ...request.headers, "x-amz-target": "DynamoDB_20120810.GetItem" };
    return JSON.parse((await ask(headers, JSON.stringify(read)))[1]);
  }

  const front: Front = {
    port: (server.address() as { port: number }).port,
    requests,
    harm: undefined,
    freeze() {
      frozen = true;
    },
    hanging: () => hanging.size,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return front;
}
