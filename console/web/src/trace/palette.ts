// Twenty swatches for services; the style sheet has a lighter and a darker form of each.
const SWATCHES = 20;

export function swatch(order: number): string {
  return `var(--service-${order % SWATCHES})`;
}
