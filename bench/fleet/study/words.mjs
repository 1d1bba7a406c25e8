/** 20 188: as the docs write figures. */
export const thousands = (value) =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, " ");

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
