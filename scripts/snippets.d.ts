// Names that the documents use without an import. Real types if a page means a real package.
// biome-ignore-all lint/suspicious/noExplicitAny: stands for whatever a reader has
export {};

declare global {
  const anything: any;
  const client: any;
  const page: import("failfast/dashboard").Dashboard;
  const app: import("fastify").FastifyInstance;
  const axios: typeof import("axios").default;
  const OpenAI: typeof import("openai").default;
  const transport: import("@modelcontextprotocol/client").Transport;
  const StreamableHTTPClientTransport: typeof import("@modelcontextprotocol/client").StreamableHTTPClientTransport;
  const StdioClientTransport: typeof import("@modelcontextprotocol/client/stdio").StdioClientTransport;
  const model: import("ai").LanguageModel;
  const [weather, search, weatherTool, searchTool]: any[];
  const forecast: (city: string) => Promise<string>;
  const z: typeof import("zod").z;
  const Anthropic: typeof import("@anthropic-ai/sdk").default;
  const messages: { role: "user"; content: string }[];
  const firstAnswer: (calls: ((signal: AbortSignal) => PromiseLike<unknown>)[]) => Promise<unknown>;
  const wrapLanguageModel: typeof import("ai").wrapLanguageModel;
  const generateText: typeof import("ai").generateText;
  const Worker: typeof import("bullmq").Worker;
  const connection: import("bullmq").ConnectionOptions;
  const InvoicesClient: import("@grpc/grpc-js").ServiceClientConstructor;
  const credentials: import("@grpc/grpc-js").ChannelCredentials;
  const address: string;

  const pool: import("pg").Pool;
  const Pool: typeof import("pg").Pool;
  const Client: typeof import("pg").Client;
  const postgres: typeof import("postgres");
  const sql: import("postgres").Sql;
  const connectionString: string;
  const directUrl: string;
  const createPool: typeof import("mysql2/promise").createPool;
  const createClient: typeof import("redis").createClient;
  const Redis: typeof import("@upstash/redis").Redis;
  const Memcached: typeof import("memcached");
  const Database: typeof import("better-sqlite3");
  const DynamoDBDocument: typeof import("@aws-sdk/lib-dynamodb").DynamoDBDocument;
  const DynamoDBClient: typeof import("@aws-sdk/client-dynamodb").DynamoDBClient;
  const connect: typeof import("@nats-io/transport-node").connect;
  const Kvm: typeof import("@nats-io/kv").Kvm;
  const servers: string[];
  const Keyv: typeof import("keyv").Keyv;
  const KeyvRedis: any;
  const cacheManager: import("cache-manager").Cache;
  const createStorage: typeof import("unstorage").createStorage;
  const driver: import("unstorage").Driver;
  const get: (key: string) => Promise<unknown>;
  const set: (key: string, value: string, ttl: number) => Promise<unknown>;
  const remove: (key: string) => Promise<unknown>;
  const myStore: (client: unknown) => import("failfast").Store;

  const url: any;
  const circuit: import("failfast").Circuit;
  const channel: any;
  const salesApi: import("failfast").Circuit;
  const middy: typeof import("@middy/core").default;
  const consumer: import("kafkajs").Consumer;
  const sqs: import("@aws-sdk/client-sqs").SQSClient;
  const QueueUrl: string;
  const ReceiveMessageCommand: typeof import("@aws-sdk/client-sqs").ReceiveMessageCommand;
  const ChangeMessageVisibilityCommand: typeof import("@aws-sdk/client-sqs").ChangeMessageVisibilityCommand;
  const send: (message: unknown) => Promise<any>;

  const signal: AbortSignal;
  const request: Request;
  const context: { waitUntil(work: Promise<unknown>): void };
  const log: (error: Error) => void;
  const pino: typeof import("pino").default;
  const jest: any;
  interface Invoice {
    customer: string;
    due: number;
  }
  const fetchInvoices: (customer: string) => Promise<Invoice[]>;
  const answer: (signal: AbortSignal) => AsyncIterable<string>;
  class BadInput extends Error {}
  const markOf: (token: string | null) => string;
  const prompt: string;
  const openai: any;
  const anthropic: any;
  const llm: import("failfast").Circuit;
  const ask: (provider: string, signal: AbortSignal) => Promise<string>;
  const stream: (...args: unknown[]) => Promise<string>;
  const write: (chunk: unknown) => void;

  const AppModule: any;
  class AppController {}
  class AppService {}
  const Module: typeof import("@nestjs/common").Module;
  const UseInterceptors: typeof import("@nestjs/common").UseInterceptors;
  class RedisModule {}
  const REDIS: unique symbol;
  class HealthCheckService extends (null as unknown as typeof import("@nestjs/terminus").HealthCheckService) {}
  const CacheModule: typeof import("@nestjs/cache-manager").CacheModule;
  const CACHE_MANAGER: string;
}
