// The tools of a test server, for any version of the protocol's SDK.

const text = (said) => ({ content: [{ type: "text", text: said }] });
const coded = (code) => Object.assign(new Error(`code ${code}`), { code });

/** Lists them. */
export const listed = {
  tools: ["add", "find", "hang", "die", "break", "refuse"].map((name) => ({
    name,
    inputSchema: { type: "object" },
  })),
};

/** Calls one of them. */
export async function called({ name, arguments: given }) {
  switch (name) {
    case "add":
      return text(String(given.a + given.b));
    case "find":
      return { ...text("there is no such customer"), isError: true };
    case "hang":
      return new Promise(() => undefined);
    case "die":
      return process.exit(1);
    case "break":
      throw coded(-32603);
    default:
      throw coded(-32602);
  }
}
