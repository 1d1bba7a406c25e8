// A store some way off that keeps no process alive, and in which the first swaps of a verb lose.
export function farStore({ ms = 20, losing = 0 } = {}) {
  const values = new Map();
  let lost = 0;
  const later = (answer) =>
    new Promise((resolve) => {
      setTimeout(() => resolve(answer()), ms).unref();
    });
  return {
    get: (key) => later(() => values.get(key) ?? null),
    set: (key, value) => later(() => values.set(key, value)),
    delete: (key) => later(() => values.delete(key)),
    list: () => later(() => [...values].map(([key, value]) => ({ key, value }))),
    swap: (key, expect, value) =>
      later(() => {
        const stored = values.get(key) ?? null;
        if (lost < losing && key.startsWith("hold:")) {
          lost++;
          return { ok: false, value: stored };
        }
        if (stored !== expect) return { ok: false, value: stored };
        values.set(key, value);
        return { ok: true, value };
      }),
  };
}
