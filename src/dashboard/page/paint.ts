/** The colours of the style sheet, for drawing. */
export interface Paint {
  readonly ink: string;
  readonly dim: string;
  readonly line: string;
  readonly served: string;
  readonly failed: string;
  readonly rejected: string;
  readonly "half-open": string;
  readonly held: string;
}

const NAMES = ["ink", "dim", "line", "served", "failed", "rejected", "half-open", "held"] as const;

let known: { readonly theme: string | undefined; readonly paint: Paint } | undefined;

/** The current colours; they change with the theme. Asking the style sheet for each row would make scrolling slow. */
export function paintNow(): Paint {
  const { theme } = document.documentElement.dataset;
  if (known === undefined || known.theme !== theme) known = { theme, paint: readPaint() };
  return known.paint;
}

function readPaint(): Paint {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as unknown as Paint;
}

/** Stripes of a colour, so that rejected calls can be told from failed ones without seeing colours. */
export function stripes(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const size = 6;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const draw = tile.getContext("2d");
  if (draw === null) return colour;
  draw.strokeStyle = colour;
  draw.lineWidth = 2;
  for (const from of [-size, 0, size]) {
    draw.moveTo(from - 1, size + 1);
    draw.lineTo(from + size + 1, -1);
  }
  draw.stroke();
  return context.createPattern(tile, "repeat") ?? colour;
}

/** Gives a canvas its size on the screen, and an empty surface, measured in CSS pixels. */
export function prepared(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const scale = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context?.setTransform(scale, 0, 0, scale, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}
