/** One value, with its labels. */
export interface Sample {
  /** Set if it is not its family's name: the parts of a histogram. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** All values with one name, which are of one kind. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** How the values of several workers of one process are combined. */
  readonly aggregator: "sum" | "max";
  samples(): Iterable<Sample>;
}

/** Prometheus's text format, version 0.0.4. */
export function exposition(families: readonly Family[]): string {
  let text = "";
  for (const { name, help, type, samples } of families) {
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const { metricName = name, labels, value } of samples())
      text += `${metricName}${inBraces(labels)} ${value}\n`;
  }
  return text;
}

function inBraces(labels: Sample["labels"]): string {
  const each = Object.entries(labels).map(([label, value]) => `${label}="${escaped(String(value))}"`);
  return each.length === 0 ? "" : `{${each.join(",")}}`;
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
