import { failfast } from "failfast";

/** Asks a subgraph of a gateway, with its own circuit: while it is open, the other fields are still answered. */
export function subgraph(name, url) {
  const circuit = failfast(name, "30s", { consecutive: 5, callTimeout: "5s" });
  const ask = circuit(async (query, variables) => {
    const body = JSON.stringify({ query, variables });
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, { method: "POST", headers, body });
    if (response.status >= 500) throw new Error(`${name} answered ${response.status}`);
    return JSON.parse(await response.text());
  });
  return async (query, variables) => {
    const { data, errors } = await ask(query, variables);
    // A GraphQL error is an answer of the subgraph.
    if (errors) throw new Error(errors[0].message);
    return data;
  };
}
