// Draws the part of a flame graph that is in sight, and finds the span under a point of it.
import type { Span } from '../api/generated/Span';
import type { Flame } from './flame';

export const LANE_PX = 20;
const SWATCHES = 20;
/** Narrower spans are drawn this wide, so that they do not vanish. */
const LEAST_PX = 1;
/** From this width on a name says something. */
const NAME_PX = 36;

export interface FlameWindow {
  from: number;
  to: number;
  extent: number;
  width: number;
  height: number;
  /** How far it is scrolled. */
  top: number;
}

interface Picture {
  spans: readonly Span[];
  flame: Flame;
  window: FlameWindow;
}

interface Painted extends Picture {
  services: Map<string, number>;
  selected: number;
  hovered: number | undefined;
  found: ReadonlySet<number>;
}

interface Box {
  x: number;
  y: number;
  width: number;
}

function boxOf({ spans, flame, window }: Picture, index: number): Box | undefined {
  const lane = flame.lane[index]!;
  const y = lane * LANE_PX - window.top;
  if (lane < 0 || y + LANE_PX < 0 || y > window.height) return undefined;
  const span = spans[index]!;
  const scale = window.width / (window.to - window.from);
  const left = Math.max(0, (span.start - window.from) * scale);
  const right = Math.min(window.width, ((span.duration == null ? window.extent : span.start + span.duration) - window.from) * scale);
  if (right < 0 || left > window.width || right < left) return undefined;
  return { x: left, y, width: Math.max(LEAST_PX, right - left - 1) };
}

export function spanAt(picture: Picture, x: number, y: number): number | undefined {
  for (let index = picture.spans.length - 1; index >= 0; index -= 1) {
    const box = boxOf(picture, index);
    if (box && y >= box.y && y < box.y + LANE_PX && x >= box.x - 1 && x <= box.x + box.width + 1) return index;
  }
  return undefined;
}

export function drawFlame(canvas: HTMLCanvasElement, picture: Painted): void {
  const { window, spans, services, selected, hovered, found } = picture;
  const context = canvas.getContext('2d');
  if (!context || window.width === 0) return;
  const scale = globalThis.devicePixelRatio || 1;
  canvas.width = window.width * scale;
  canvas.height = window.height * scale;
  context.scale(scale, scale);
  const style = getComputedStyle(document.body);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const colours = Array.from({ length: SWATCHES }, (_, index) => token(`--service-${index}`));
  const bad = { fault: token('--fault'), throttle: token('--throttle'), error: token('--error'), ok: '' };
  const [text, ground, focus] = [token('--text'), token('--ground'), token('--focus')];
  context.font = `11.5px ${token('--sans') || 'sans-serif'}`;
  context.textBaseline = 'middle';
  for (let index = 0; index < spans.length; index += 1) {
    const box = boxOf(picture, index);
    if (!box) continue;
    const span = spans[index]!;
    const { x, y, width } = box;
    context.globalAlpha = found.size > 0 && !found.has(index) ? 0.25 : 1;
    // A tint under plain text reads in both themes; a swatch under white letters would not.
    context.fillStyle = ground;
    context.fillRect(x, y + 1, width, LANE_PX - 2);
    context.globalAlpha *= index === hovered ? 0.65 : 0.42;
    context.fillStyle = colours[(services.get(span.service) ?? 0) % SWATCHES]!;
    context.fillRect(x, y + 1, width, LANE_PX - 2);
    context.globalAlpha = found.size > 0 && !found.has(index) ? 0.3 : 1;
    if (span.outcome !== 'ok') {
      context.fillStyle = bad[span.outcome];
      context.fillRect(x, y + 1, Math.min(4, Math.max(1, width)), LANE_PX - 2);
    }
    if (index === selected) {
      context.strokeStyle = focus;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 2, Math.max(1, width - 2), LANE_PX - 4);
    }
    if (width >= NAME_PX) {
      context.save();
      context.beginPath();
      context.rect(x, y, width - 4, LANE_PX);
      context.clip();
      context.fillStyle = text;
      context.fillText([span.operation, span.name].filter(Boolean).join(' '), x + (span.outcome === 'ok' ? 5 : 8), y + LANE_PX / 2 + 0.5);
      context.restore();
    }
  }
  context.globalAlpha = 1;
}
