const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2 });

export const count = (value: number): string => (value < 10_000 ? whole.format(value) : short.format(value));

/** Calls in a second. */
export const rate = (value: number): string =>
  value === 0 ? "0" : value < 10 ? fine.format(value) : short.format(value);

export function percent(part: number, all: number): string {
  if (all === 0 || part === 0) return "0 %";
  const share = (part / all) * 100;
  return `${share < 0.1 ? "< 0.1" : share < 10 ? fine.format(share) : whole.format(share)} %`;
}

export function milliseconds(ms: number): string {
  return ms < 1_000 ? `${fine.format(ms)} ms` : `${fine.format(ms / 1_000)} s`;
}

/** A duration in its two largest units: `4 m 20 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600),
    Math.floor(seconds / 60),
  ];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} m`;
  if (minutes > 0) return `${minutes} m ${seconds % 60} s`;
  return `${seconds} s`;
}

/** A moment: its time, and its day if that is not today. */
export function moment(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const today = date.toDateString() === new Date(now).toDateString();
  return today ? time : `${date.toLocaleDateString(undefined, { month: "short", day: "numeric" })}, ${time}`;
}

export const plural = (many: number, one: string, more = `${one}s`): string =>
  `${count(many)} ${many === 1 ? one : more}`;
