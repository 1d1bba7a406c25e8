/** Sets fields of a response that its class keeps to itself, such as its URL: on the response, and on its clones. */
export function setFields<R extends object>(response: R, fields: Readonly<Record<string, unknown>>): R {
  for (const [name, value] of Object.entries(fields)) define(response, name, value);
  const { clone } = response as { clone?: (this: R) => R };
  if (typeof clone === "function") define(response, "clone", () => setFields(clone.call(response), fields));
  return response;
}

const define = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, configurable: true });
};
