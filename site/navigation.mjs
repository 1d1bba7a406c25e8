// The site's menus, in the order in which a reader needs the pages. A document without a place here comes under
// "More".
const page = (text, file) => ({ text, link: `/${file.replace(/(README|index)?(\.md)?$/, "")}` });

const SECTIONS = [
  {
    text: "Begin",
    items: [
      page("Start in 60 seconds", "start.md"),
      page("The first hour", "first-hour.md"),
      page("Concepts", "concepts.md"),
      page("Examples to copy", "examples.md"),
      page("What happens when…", "what-happens.md"),
      page("Try the settings", "playground.md"),
      page("Comparison", "comparison.md"),
      page("Why breakers never shared their state", "shared-state.md"),
    ],
  },
  {
    text: "Move over from",
    items: [
      page("Overview", "migrate/README.md"),
      page("opossum", "migrate/opossum.md"),
      page("cockatiel", "migrate/cockatiel.md"),
      page("nestjs-resilience", "migrate/nestjs-resilience.md"),
      page("@fastify/circuit-breaker", "migrate/fastify-circuit-breaker.md"),
      page("resilience4j", "migrate/resilience4j.md"),
      page("Python's failfast", "from-python.md"),
    ],
  },
  {
    text: "Settings",
    items: [
      page("Options", "options.md"),
      page("When to trip, how to recover", "trip-and-recovery.md"),
      page("Presets", "presets.md"),
      page("A rate limit for each key", "limits-by-key.md"),
    ],
  },
  {
    text: "Stores",
    items: [
      page("Which store", "stores.md"),
      page("File", "stores/file.md"),
      page("Redis and Valkey", "stores/redis.md"),
      page("PostgreSQL", "stores/postgres.md"),
      page("MySQL and MariaDB", "stores/mysql.md"),
      page("SQLite", "stores/sqlite.md"),
      page("NATS", "stores/nats.md"),
      page("memcached", "stores/memcached.md"),
      page("DynamoDB", "stores/dynamodb.md"),
      page("Upstash", "stores/upstash.md"),
      page("Deno KV", "stores/deno-kv.md"),
      page("A Durable Object", "stores/durable-object.md"),
      page("A cache", "stores/cache.md"),
      page("Django's cache", "stores/django.md"),
      page("From a URL", "stores/url.md"),
      page("What each can do", "stores/table.md"),
    ],
  },
  {
    text: "Call others with it",
    items: [
      page("Where do you call from?", "where-from.md"),
      page("Clients", "clients.md"),
      page("fetch", "clients/fetch.md"),
      page("undici", "clients/undici.md"),
      page("axios", "clients/axios.md"),
      page("gRPC", "clients/grpc.md"),
      page("The AI SDK", "clients/ai.md"),
      page("Models and providers", "llm.md"),
      page("Agents' tools", "agent-tools.md"),
      page("Model Context Protocol", "mcp.md"),
      page("BullMQ", "clients/bullmq.md"),
      page("Queues", "queues.md"),
      page("Databases", "databases.md"),
      page("SDKs", "recipes.md"),
    ],
  },
  {
    text: "Use it in",
    items: [
      page("Web frameworks", "frameworks.md"),
      page("Express", "frameworks/express.md"),
      page("Fastify", "frameworks/fastify.md"),
      page("Koa", "frameworks/koa.md"),
      page("Hono", "frameworks/hono.md"),
      page("NestJS", "nest.md"),
      page("Next.js", "next.md"),
      page("Lambda", "lambda.md"),
      page("Effect", "effect.md"),
      page("Runtimes and tools", "runtimes.md"),
      page("Testing", "testing.md"),
    ],
  },
  {
    text: "Operate it",
    items: [
      page("Dashboard", "dashboard.md"),
      page("Logs, metrics, traces", "telemetry.md"),
      page("Operators", "operators.md"),
      page("On call", "operations.md"),
    ],
  },
  {
    text: "Evidence",
    collapsed: true,
    items: [
      page("Reliability", "reliability.md"),
      page("Reports from the field", "field.md"),
      page("Defects of breakers", "torture.md"),
      page("Chaos", "chaos.md"),
      page("Mutation testing", "mutation.md"),
      page("A fleet in an outage", "fleet.md"),
      page("Performance", "performance.md"),
      page("Compared with others, on Redis", "performance/peers.md"),
      page("All figures", "performance/figures.md"),
      page("Instructions of a call", "performance/instructions.md"),
      page("What grows with the work", "performance/scale.md"),
      page("Keeping in step", "performance/sync.md"),
    ],
  },
  {
    text: "The project",
    collapsed: true,
    items: [
      page("What is supported", "support.md"),
      page("Versions", "versions.md"),
      page("Changes", "project/changelog.md"),
      page("Security", "project/security.md"),
      page("Contributing", "project/contributing.md"),
      page("Architecture", "project/architecture.md"),
      page("A tour of the code", "tour.md"),
      page("Decisions", "decisions/README.md"),
    ],
  },
];

/** Not in the menu: pages that other pages link to. */
const ELSEWHERE = /^(index|project\/readme|decisions\/.*|source\/.*)\.md$/;

/** The menu for these pages: names of files, with their texts. */
export function menuOf(pages) {
  const exists = ({ link }) => pages.has(`${link.slice(1)}.md`) || pages.has(`${link.slice(1)}index.md`);
  const missing = SECTIONS.flatMap(({ items }) => items).filter((item) => !exists(item));
  if (missing.length > 0)
    throw new Error(`the menu has pages that are not there: ${missing.map(({ link }) => link)}`);
  const listed = new Set(
    SECTIONS.flatMap(({ items }) => items.map(({ link }) => `${link.slice(1).replace(/\/$/, "/index")}.md`)),
  );
  const others = [...pages].filter(([file]) => !listed.has(file) && !ELSEWHERE.test(file));
  const items = others.map(([file, text]) => page(/^# (.+)$/m.exec(text)?.[1] ?? file, file));
  return items.length === 0 ? SECTIONS : [...SECTIONS, { text: "More", items }];
}
