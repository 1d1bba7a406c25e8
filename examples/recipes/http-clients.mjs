import { failfast } from "failfast";
import { failfastFetch } from "failfast/fetch";

/** For clients that take a `fetch`: a circuit for each origin. A 200 with GraphQL's `errors` counts as an answer. */
export const fetch = failfastFetch({ callTimeout: "5s", retryAfter: true });

// ofetch:           createFetch({ fetch })
// graphql-request:  new GraphQLClient(url, { fetch })
// Apollo Client:    new HttpLink({ uri: url, fetch })
// tRPC:             httpLink({ url, fetch }), httpBatchLink, httpBatchStreamLink

// got and superagent throw for a status of 400 and more. Below 500 it is an answer, unless its body broke off.
const BROKE_OFF = ["ReadError", "TimeoutError"];
const isFailure = ({ name, status, response }) => {
  const answered = BROKE_OFF.includes(name) ? undefined : (status ?? response?.statusCode);
  return !(answered < 500) || answered === 429;
};
// The caller aborted a request of superagent. (got has a signal.)
const ignore = ({ code }) => code === "ABORTED";
const shop = failfast("shop_api", "30s", { consecutive: 5, exceptions: isFailure, ignore });

/** For got: `got.extend({ handlers: [throughCircuit] })`. Streams are not guarded. */
export const throughCircuit = (options, next) =>
  options.isStream ? next(options) : shop.run(() => next(options), { signal: options.signal });

/** For superagent: `await send(superagent.get(url))`. */
export const send = (request) => shop.run(() => request);
