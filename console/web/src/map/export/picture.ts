// The map as a picture: what is drawn now, with its computed colours, as one SVG file or as PNG.
const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = 48;
/** Twice as many pixels as on the screen, so that the picture can be printed. */
const SCALE = 2;
const PROPERTIES = [
  'fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linejoin', 'stroke-linecap', 'opacity', 'paint-order',
  'font-size', 'font-weight', 'font-family', 'text-anchor', 'color', 'marker-end', 'visibility',
];

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Each style as an attribute: the file has no style sheet. What is hidden on the screen is left out. */
function copied(element: Element): Element | undefined {
  const style = getComputedStyle(element);
  if (style.display === 'none' || style.visibility === 'hidden' || element.matches('.edge-hit, .edge-flow, title')) return undefined;
  const copy = element.cloneNode(false) as Element;
  copy.removeAttribute('class');
  if (!['g', 'svg', 'defs', 'marker'].includes(element.tagName)) {
    for (const name of PROPERTIES) {
      const value = style.getPropertyValue(name);
      if (value !== '') copy.setAttribute(name, value.replaceAll('px', '').replaceAll(/url\(".*?#/g, 'url("#'));
    }
    if (style.transform !== 'none' && !element.hasAttribute('transform')) copy.setAttribute('transform', style.transform);
  } else if (style.opacity !== '1') copy.setAttribute('opacity', style.opacity);
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) copy.append(child.textContent ?? '');
    else if (child instanceof Element) {
      const inner = copied(child);
      if (inner) copy.append(inner);
    }
  }
  return copy;
}

function place(node: HTMLElement): { x: number; y: number } {
  const matrix = new DOMMatrixReadOnly(node.style.transform);
  return { x: matrix.e, y: matrix.f };
}

export function drawSvg(map: HTMLElement): { text: string; box: Box } {
  const root = document.createElementNS(SVG, 'svg');
  const nodes = [...map.querySelectorAll<HTMLElement>('.react-flow__node')];
  const xs = nodes.map((node) => place(node).x);
  const ys = nodes.map((node) => place(node).y);
  const box = {
    x: Math.min(...xs) - MARGIN * 1.5,
    y: Math.min(...ys) - MARGIN,
    width: Math.max(...xs) - Math.min(...xs) + 68 + MARGIN * 3,
    height: Math.max(...ys) - Math.min(...ys) + 68 + MARGIN * 2.4,
  };
  root.setAttribute('xmlns', SVG);
  root.setAttribute('viewBox', [box.x, box.y, box.width, box.height].map((value) => value.toFixed(1)).join(' '));
  root.setAttribute('width', box.width.toFixed(0));
  root.setAttribute('height', box.height.toFixed(0));
  const ground = document.createElementNS(SVG, 'rect');
  for (const [name, value] of Object.entries(box)) ground.setAttribute(name, value.toFixed(1));
  ground.setAttribute('fill', getComputedStyle(document.body).getPropertyValue('--ground-map').trim());
  root.append(ground);
  for (const defs of map.querySelectorAll('.arrow-heads defs')) root.append(copied(defs) ?? '');
  for (const edge of map.querySelectorAll('.call-edge')) root.append(copied(edge) ?? '');
  for (const node of nodes) {
    const drawing = node.querySelector('svg');
    if (drawing === null) continue;
    const group = document.createElementNS(SVG, 'g');
    const { x, y } = place(node);
    group.setAttribute('transform', `translate(${x + 34} ${y + 34})`);
    for (const child of drawing.children) group.append(copied(child) ?? '');
    root.append(group);
  }
  return { text: new XMLSerializer().serializeToString(root), box };
}

export async function drawPng(map: HTMLElement): Promise<Blob> {
  const { text, box } = drawSvg(map);
  const image = new Image();
  // A data address, since the policy allows those for pictures.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = box.width * SCALE;
  canvas.height = box.height * SCALE;
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser could not draw the picture'))), 'image/png');
  });
}

export function save(content: string | Blob, name: string, type: string): void {
  const address = URL.createObjectURL(typeof content === 'string' ? new Blob([content], { type }) : content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
