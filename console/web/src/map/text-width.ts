// How wide a text is drawn, remembered; SVG cannot place a sign beside centred text without knowing.
const known = new Map<string, number>();
let context: CanvasRenderingContext2D | null | undefined;

export function textWidth(text: string, font: string): number {
  const key = `${font}\n${text}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  context ??= document.createElement('canvas').getContext('2d');
  if (!context || !document.fonts?.check(font)) return text.length * 5.6;
  context.font = font;
  const { width } = context.measureText(text);
  known.set(key, width);
  return width;
}
