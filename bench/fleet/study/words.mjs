/** 20 188: a number as the docs write it. */
export const thousands = (value) =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, " ");

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
