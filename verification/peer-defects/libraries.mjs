/** In the order of the table; those after the third are installed for the run, where they can be. */
export const LIBRARIES = ["failfast", "opossum", "cockatiel", "nestjs-resilience", "effect"];

export const load = async (name) => {
  if (!LIBRARIES.includes(name)) throw new Error(`there is no library ${name}: there are ${LIBRARIES}`);
  return (await import(`./libraries/${name}.mjs`)).default;
};
