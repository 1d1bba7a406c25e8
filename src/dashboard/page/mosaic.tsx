import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { CircuitOfFleet } from "../../fleet/view.js";
import { frame } from "./live-state.js";
import { type Paint, paintNow, prepared } from "./paint.js";
import { type Status, statusOf } from "./status.js";
import { dark, selected, sorted } from "./view-state.js";

const TALLEST = 76;
const SIZES = [20, 16, 13, 10, 8, 6, 5, 4];

/** Every circuit as one cell: a dot where all is well, so that what is not stands out. The list has the same in words. */
export function Mosaic(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawnAt = frame.value;
  const isDark = dark.value;
  const circuits = sorted.value;
  useEffect(() => {
    const at = canvas.current;
    if (at === null) return;
    const paint = (): void => draw(at, circuits);
    paint();
    addEventListener("resize", paint);
    return () => removeEventListener("resize", paint);
  }, [drawnAt, isDark, circuits]);
  const cellAt = ({ offsetX, offsetY }: MouseEvent): CircuitOfFleet | undefined => {
    const width = canvas.current?.parentElement?.clientWidth ?? 1;
    const { size, across } = gridOf(circuits.length, width);
    const column = Math.floor(offsetX / size);
    return column < across ? circuits[Math.floor(offsetY / size) * across + column] : undefined;
  };
  return (
    <div class="mosaic" aria-hidden="true">
      <canvas
        ref={canvas}
        onMouseMove={(event) => {
          const name = cellAt(event)?.name.slice(0, 200) ?? "";
          event.currentTarget.title = name;
          event.currentTarget.style.cursor = name === "" ? "" : "pointer";
        }}
        onClick={(event) => {
          selected.value = cellAt(event)?.name ?? selected.value;
        }}
      />
    </div>
  );
}

/** The largest cells with which all fit. */
function gridOf(many: number, width: number): { size: number; across: number; down: number } {
  for (const size of SIZES) {
    const across = Math.max(1, Math.floor(width / size));
    const down = Math.ceil(many / across);
    if (down * size <= TALLEST || size === SIZES.at(-1)) return { size, across, down };
  }
  return { size: 4, across: 1, down: many };
}

function draw(canvas: HTMLCanvasElement, circuits: readonly CircuitOfFleet[]): void {
  const width = canvas.parentElement?.clientWidth ?? 0;
  const { size, across, down } = gridOf(circuits.length, width);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${down * size}px`;
  const context = prepared(canvas, width, down * size);
  if (context === null) return;
  const paint = paintNow();
  for (const [at, circuit] of circuits.entries())
    cell(context, (at % across) * size, Math.floor(at / across) * size, size, statusOf(circuit), paint);
}

function cell(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  size: number,
  status: Status,
  paint: Paint,
): void {
  const full = size - Math.max(1, size / 6);
  if (status === "closed") {
    const dot = Math.max(1.5, size / 4);
    context.fillStyle = paint.served;
    context.beginPath();
    context.arc(x + size / 2, y + size / 2, dot / 1.4, 0, 7);
    context.fill();
    return;
  }
  context.fillStyle = status.startsWith("held")
    ? paint.held
    : status === "open"
      ? paint.failed
      : paint["half-open"];
  context.strokeStyle = context.fillStyle;
  context.lineWidth = Math.max(1, size / 8);
  if (status === "open" || status === "held-open") context.fillRect(x, y, full, full);
  else context.strokeRect(x + 1, y + 1, full - 2, full - 2);
  if (status === "half-open") context.fillRect(x, y + full / 2, full, full / 2);
  if (status.startsWith("held") && size >= 8) {
    if (status === "held-open") context.clearRect(x + full * 0.3, y + full * 0.42, full * 0.4, full * 0.16);
    else context.fillRect(x + full * 0.3, y + full * 0.42, full * 0.4, full * 0.16);
  }
}
