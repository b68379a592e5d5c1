/** Draws line charts as small SVG files, for light and dark pages. */

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** `line` by default. `steps` is for counts per second; `points` draws only the points. */
  readonly kind?: 'line' | 'dashes' | 'steps' | 'points';
  readonly colour?: string;
}

export interface Axis {
  readonly label: string;
  /** Round numbers by default. */
  readonly ticks?: readonly number[];
  readonly log?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  /** The axis starts at 0, unless `ticks` are given. */
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** A horizontal line for a limit. */
  readonly limit?: { readonly at: number; readonly name: string };
}

export const COLOURS = { blue: '#3a7bd5', red: '#c0392b', green: '#2a9d4a', orange: '#d08b1d' } as const;

const [WIDTH, HEIGHT] = [760, 400];
const [LEFT, RIGHT, TOP, BOTTOM] = [60, WIDTH - 220, 40, HEIGHT - 50];

export function plot({ title, x, y, lines, limit }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(([at]) => at);
  const most = Math.max(limit?.at ?? 0, ...points.map(([, value]) => value));
  const across = x.ticks ?? roundNumbers(Math.min(...xs), Math.max(...xs));
  const up = y.ticks ?? [0, ...roundNumbers(0, most)];
  const px = scale(x, [...across, ...xs], LEFT, RIGHT);
  const py = scale(y, [...up, ...(y.ticks ? [] : [most])], BOTTOM, TOP);
  const text = (words: string, at: string) => `<text ${at}>${escaped(words)}</text>`;
  const drawn = lines.flatMap((line, i) => {
    const colour = line.colour ?? Object.values(COLOURS)[i % 4] ?? 'black';
    const at = TOP + 12 + i * 22;
    const dashes = line.kind === 'dashes' ? ' stroke-dasharray="6 4"' : '';
    const path = (d: string) => `<path d="${d}" stroke="${colour}" fill="none" stroke-width="1.8"${dashes}/>`;
    const dot = (cx: number, cy: number) => `<circle cx="${cx}" cy="${cy}" r="4" fill="${colour}"/>`;
    const places = line.points.map(([a, b]) => [px(a), py(b)] as const);
    const dots = line.kind === 'points';
    return [
      ...(dots ? places.map(([a, b]) => dot(a, b)) : [path(through(places, line.kind === 'steps'))]),
      dots ? dot(RIGHT + 27, at) : path(`M${RIGHT + 16} ${at}h22`),
      text(line.name, `x="${RIGHT + 46}" y="${at + 4}"`),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    '<style>text{fill:#777}.grid{stroke:#9994;fill:none}.limit{stroke:#777;stroke-dasharray:2 3}</style>',
    text(title, `x="${LEFT}" y="20" font-size="14"`),
    ...across.flatMap((tick) => [
      `<path class="grid" d="M${px(tick)} ${TOP}V${BOTTOM}"/>`,
      text(tick.toLocaleString('en'), `x="${px(tick)}" y="${BOTTOM + 18}" text-anchor="middle"`),
    ]),
    ...up.flatMap((tick) => [
      `<path class="grid" d="M${LEFT} ${py(tick)}H${RIGHT}"/>`,
      text(tick.toLocaleString('en'), `x="${LEFT - 8}" y="${py(tick) + 4}" text-anchor="end"`),
    ]),
    text(x.label, `x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle"`),
    text(y.label, `text-anchor="middle" transform="translate(16 ${(TOP + BOTTOM) / 2}) rotate(-90)"`),
    ...(limit
      ? [
          `<path class="limit" d="M${LEFT} ${py(limit.at)}H${RIGHT}"/>`,
          text(limit.name, `x="${RIGHT - 4}" y="${py(limit.at) - 5}" text-anchor="end"`),
        ]
      : []),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

/** Returns the scale of an axis: it maps values to positions between `from` and `to`, to a tenth of a pixel. */
function scale({ log }: Axis, values: readonly number[], from: number, to: number): (value: number) => number {
  const f = log ? Math.log : (value: number) => value;
  const low = f(Math.min(...values));
  const high = f(Math.max(...values));
  return (value) => Math.round((from + ((f(value) - low) / (high - low || 1)) * (to - from)) * 10) / 10;
}

/** Returns about six round numbers above `low`, up to `high`. */
function roundNumbers(low: number, high: number): number[] {
  const rough = (high - low || 1) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((times) => times * power >= rough) ?? 10);
  const first = Math.floor(low / step) + 1;
  const count = Math.max(0, Math.floor(high / step + 1e-9) - first + 1);
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

function through(places: readonly (readonly [number, number])[], steps: boolean): string {
  return places.map(([a, b], i) => (i === 0 ? `M${a} ${b}` : steps ? `H${a}V${b}` : `L${a} ${b}`)).join('');
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
