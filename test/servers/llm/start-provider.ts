import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a provider does with its next requests. */
export interface Does {
  /** Answers with a failure of this status, in the provider's own words. */
  readonly status?: number;
  readonly error?: { readonly type?: string; readonly code?: string; readonly message?: string };
  readonly headers?: Record<string, string>;
  /** Never answers; or streams so many parts, and then nothing more. */
  readonly hangs?: boolean;
  /** Answers once this has resolved. */
  readonly gate?: Promise<void> | undefined;
  readonly silentAfter?: number;
  /** Streams so many parts, and then an error inside a stream with status 200. */
  readonly failsAfter?: number;
}

/** A provider of models on the loopback that speaks the wire format of OpenAI's chats and of Anthropic's messages. */
export interface Provider {
  readonly url: string;
  requests: number;
  /** Settings for the next requests: `does` may be changed. */
  taken: number;
  does: Does;
  stop(): Promise<void>;
}

const WORDS = ["from", "the", "model"];
const SENT = { "Content-Type": "text/event-stream" };

export async function startProvider(says: "openai" | "anthropic"): Promise<Provider> {
  const speak = says === "openai" ? speakAsOpenAI : speakAsAnthropic;
  const server = createServer(async (request, response) => {
    provider.requests++;
    const { stream } = await bodyOf(request);
    const { does } = provider;
    const { status, error, headers = {}, hangs } = does;
    provider.taken++;
    if (hangs) return;
    await does.gate;
    if (status !== undefined) {
      response.writeHead(status, { "Content-Type": "application/json", ...headers });
      return void response.end(JSON.stringify(speak.refusal({ message: `status ${status}`, ...error })));
    }
    if (stream) return streamTo(response, speak, does);
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(speak.whole(WORDS.join(" "))));
  });
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const provider: Provider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: 0,
    taken: 0,
    does: {},
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
  return provider;
}

interface Wire {
  whole(text: string): object;
  refusal(error: object): object;
  before: readonly string[];
  part(text: string): string;
  error: string;
  after: readonly string[];
}

function streamTo(response: ServerResponse, wire: Wire, { silentAfter, failsAfter }: Does): void {
  response.writeHead(200, SENT);
  response.flushHeaders();
  const parts = WORDS.slice(0, silentAfter ?? failsAfter).map((word) => wire.part(word));
  for (const each of [...wire.before, ...parts]) response.write(each);
  if (silentAfter !== undefined) return;
  for (const each of failsAfter === undefined ? wire.after : [wire.error]) response.write(each);
  response.end();
}

const event = (data: unknown, name?: string): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

const chunk = (delta: object, finish_reason: string | null = null): object => ({
  id: "1",
  object: "chat.completion.chunk",
  created: 1,
  model: "gpt",
  choices: [{ index: 0, delta, finish_reason }],
});

const speakAsOpenAI: Wire = {
  whole: (content) => ({
    id: "1",
    object: "chat.completion",
    created: 1,
    model: "gpt",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }),
  refusal: (error) => ({ error: { type: "error", ...error } }),
  // Azure begins with a part without choices, and the role comes with an empty text.
  before: [event({ ...chunk({}), choices: [] }), event(chunk({ role: "assistant", content: "" }))],
  part: (content) => event(chunk({ content })),
  error: event({ error: { message: "The server is overloaded", type: "server_error" } }),
  after: [event(chunk({}, "stop")), event("[DONE]")],
};

const message = (content: readonly object[]): object => ({
  id: "1",
  type: "message",
  role: "assistant",
  model: "claude",
  content,
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
});
const named = (type: string, more: object = {}): string => event({ type, ...more }, type);

const speakAsAnthropic: Wire = {
  whole: (text) => message([{ type: "text", text }]),
  refusal: (error) => ({ type: "error", error: { type: "invalid_request_error", ...error } }),
  before: [
    named("message_start", { message: message([]) }),
    named("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
  ],
  part: (text) => named("content_block_delta", { index: 0, delta: { type: "text_delta", text } }),
  error: named("error", { error: { type: "overloaded_error", message: "Overloaded" } }),
  after: [
    named("content_block_stop", { index: 0 }),
    named("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 3 } }),
    named("message_stop"),
  ],
};

async function bodyOf(request: IncomingMessage): Promise<{ stream?: boolean }> {
  let text = "";
  for await (const part of request) text += part;
  return JSON.parse(text) as { stream?: boolean };
}
