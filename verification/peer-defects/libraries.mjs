/** In the order of the table. Those after the third are installed for the run, if they can be. */
export const LIBRARIES = ["failfast", "opossum", "cockatiel", "nestjs-resilience", "effect"];

export const load = async (name) => {
  if (!LIBRARIES.includes(name)) throw new Error(`there is no library ${name}: there are ${LIBRARIES}`);
  return (await import(`./libraries/${name}.mjs`)).default;
};
