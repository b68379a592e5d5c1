/** Line charts as SVG, small enough to be read as text. */

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Drawn in steps, as counts of a second are. */
  readonly steps?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
  /** A horizontal line not to be crossed. */
  readonly limit?: { readonly at: number; readonly name: string };
  readonly logX?: boolean;
}

const [WIDTH, HEIGHT] = [760, 340];
const AREA = { left: 56, right: 190, top: 34, bottom: 44 };
const COLOURS = ['#1f6feb', '#d1242f', '#1a7f37', '#9a6700', '#8250df', '#57606a'];

export function plot({ title, x, y, lines, limit, logX = false }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(([at]) => at);
  const top = niceTop(Math.max(limit?.at ?? 0, ...points.map(([, value]) => value)));
  const [fromX, toX] = [Math.min(...xs), Math.max(...xs)];
  const scale = (at: number) => (logX ? Math.log10(at) : at);
  const px = (at: number) =>
    AREA.left + ((scale(at) - scale(fromX)) / (scale(toX) - scale(fromX) || 1)) * (WIDTH - AREA.left - AREA.right);
  const py = (value: number) => HEIGHT - AREA.bottom - (value / top) * (HEIGHT - AREA.top - AREA.bottom);
  const text = (at: number, value: number, words: string, more = '') =>
    `<text x="${at.toFixed(1)}" y="${value.toFixed(1)}" ${more}>${escaped(words)}</text>`;
  const yTicks = Array.from({ length: 5 }, (_, i) => (top * i) / 4);
  const xTicks = logX ? [...new Set(xs)] : Array.from({ length: 6 }, (_, i) => fromX + ((toX - fromX) * i) / 5);
  const right = WIDTH - AREA.right;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(AREA.left, 14, title, 'font-size="13" font-weight="bold"'),
    ...yTicks.flatMap((value) => [
      `<path d="M${AREA.left} ${py(value).toFixed(1)}H${right}" stroke="#d8dee4"/>`,
      text(AREA.left - 6, py(value) + 4, short(value), 'text-anchor="end"'),
    ]),
    ...xTicks.map((at) => text(px(at), HEIGHT - AREA.bottom + 16, short(at), 'text-anchor="middle"')),
    text((AREA.left + right) / 2, HEIGHT - 8, x, 'text-anchor="middle"'),
    text(AREA.left, AREA.top - 6, y),
    ...(limit
      ? [
          `<path d="M${AREA.left} ${py(limit.at).toFixed(1)}H${right}" stroke="#24292f" stroke-dasharray="5 4"/>`,
          text(right - 4, py(limit.at) - 4, limit.name, 'text-anchor="end"'),
        ]
      : []),
    ...lines.flatMap((line, i) => {
      const colour = COLOURS[i % COLOURS.length] ?? 'black';
      return [
        `<path d="${path(line, px, py)}" fill="none" stroke="${colour}" stroke-width="1.6"/>`,
        `<rect x="${right + 8}" y="${AREA.top + 16 + i * 18}" width="10" height="10" fill="${colour}"/>`,
        text(right + 23, AREA.top + 25 + i * 18, line.name),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

function path({ points, steps }: Line, px: (x: number) => number, py: (y: number) => number): string {
  return points
    .map(([at, value], i) => {
      if (i === 0) return `M${px(at).toFixed(1)} ${py(value).toFixed(1)}`;
      return steps ? `H${px(at).toFixed(1)}V${py(value).toFixed(1)}` : `L${px(at).toFixed(1)} ${py(value).toFixed(1)}`;
    })
    .join('');
}

function niceTop(most: number): number {
  const step = 10 ** Math.floor(Math.log10(most || 1));
  const found = [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10].find((times) => times * step >= most);
  return (found ?? 10) * step;
}

const short = (value: number): string =>
  value >= 10_000 ? `${Math.round(value / 1_000)}k` : String(Number(value.toPrecision(3)));

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
