export const listed: { tools: { name: string; inputSchema: { type: "object" } }[] };
export function called(call: { name: string; arguments?: object }): Promise<{ content: never[] }>;
