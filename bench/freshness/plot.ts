/** A line of a plot, or its points alone. */
export interface Series {
  readonly name: string;
  readonly color: string;
  readonly kind: 'line' | 'dashes' | 'points';
  readonly points: readonly (readonly [number, number])[];
}

export interface Axis {
  readonly label: string;
  readonly ticks: readonly number[];
  readonly log?: boolean;
}

const [WIDTH, HEIGHT] = [760, 420];
const [LEFT, RIGHT, TOP, BOTTOM] = [60, 220, 40, 50];

/** An SVG that reads on light and dark pages. */
export function plot(title: string, x: Axis, y: Axis, series: readonly Series[]): string {
  const scale = (axis: Axis, from: number, to: number) => {
    const f = axis.log ? Math.log : (value: number) => value;
    const low = f(Math.min(...axis.ticks));
    const high = f(Math.max(...axis.ticks));
    return (value: number) => Math.round((from + ((f(value) - low) / (high - low)) * (to - from)) * 10) / 10;
  };
  const left = scale(x, LEFT, WIDTH - RIGHT);
  const up = scale(y, HEIGHT - BOTTOM, TOP);
  const text = (content: string, at: string) => `<text ${at}>${content}</text>`;
  const grid = [
    ...x.ticks.map((tick) => {
      const label = text(
        tick.toLocaleString('en'),
        `x="${left(tick)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle"`,
      );
      return `<path class="grid" d="M${left(tick)} ${TOP}V${HEIGHT - BOTTOM}"/>${label}`;
    }),
    ...y.ticks.map((tick) => {
      const label = text(String(tick), `x="${LEFT - 8}" y="${up(tick) + 4}" text-anchor="end"`);
      return `<path class="grid" d="M${LEFT} ${up(tick)}H${WIDTH - RIGHT}"/>${label}`;
    }),
  ];
  const drawn = series.flatMap(({ name, color, kind, points }, i) => {
    const at = TOP + 12 + i * 22;
    const from = WIDTH - RIGHT + 16;
    const dashes = kind === 'dashes' ? ' stroke-dasharray="6 4"' : '';
    const line = (d: string) => `<path d="${d}" stroke="${color}" fill="none" stroke-width="2"${dashes}/>`;
    const dot = (cx: number, cy: number) => `<circle cx="${cx}" cy="${cy}" r="4" fill="${color}"/>`;
    const shape =
      kind === 'points'
        ? points.map(([a, b]) => dot(left(a), up(b)))
        : [line(`M${points.map(([a, b]) => `${left(a)} ${up(b)}`).join('L')}`)];
    const key = kind === 'points' ? dot(from + 11, at) : line(`M${from} ${at}h22`);
    return [...shape, key, text(name, `x="${from + 30}" y="${at + 4}"`)];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    '<style>text{fill:#777}.grid{stroke:#9994;fill:none}</style>',
    text(title, `x="${LEFT}" y="20" font-size="14"`),
    ...grid,
    text(x.label, `x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle"`),
    text(
      y.label,
      `x="16" y="${(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 16 ${(TOP + HEIGHT - BOTTOM) / 2})"`,
    ),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}
