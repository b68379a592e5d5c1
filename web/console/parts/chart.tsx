import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useWords } from '../text/index.ts';
import { dayMs, ticks } from './scale.ts';

/** A chart of a value over days: a line with the range of each point. It works with pointer, keyboard and screen reader. */

export interface ChartPoint {
  /** The first day of the point, `YYYY-MM-DD`. */
  readonly day: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

const HEIGHT = 260;
const PAD = { top: 12, right: 12, bottom: 28 };
/** Largest widths, pixels: of a digit of an axis, and of the mark of a point's range. */
const [DIGIT, RANGE] = [7.5, 5] as const;

export function Chart({
  points,
  from,
  to,
  label,
  name,
  steps = true,
  height = HEIGHT,
}: {
  readonly points: readonly ChartPoint[];
  readonly from: string;
  readonly to: string;
  /** A description of the content for screen readers. */
  readonly label: string;
  /** Returns the label of a point's time. */
  readonly name: (point: ChartPoint) => string;
  /** Whether a value holds until the next point. Otherwise the line is straight between points. */
  readonly steps?: boolean;
  readonly height?: number;
}) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(720);
  const [chosen, choose] = useState<number | undefined>(undefined);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setWidth(Math.max(240, element.clientWidth));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const drawn = useMemo(() => {
    const start = dayMs(from);
    const end = Math.max(dayMs(to), start + 1);
    const low = Math.min(...points.map(({ min }) => min));
    const high = Math.max(...points.map(({ max }) => max));
    const margin = Math.max(1, (high - low) * 0.08);
    const top = high + margin;
    const marks = ticks(Math.max(0, low - margin), top, 5);
    const bottom = marks[0] ?? 0;
    const left = 10 + DIGIT * Math.max(...marks.map((mark) => words.number(mark).length));
    const x = (ms: number) => left + ((ms - start) / (end - start)) * (width - left - PAD.right);
    const y = (value: number) =>
      height - PAD.bottom - ((value - bottom) / (top - bottom || 1)) * (height - PAD.top - PAD.bottom);
    const places = points.map((point) => ({ point, x: x(dayMs(point.day)), y: y(point.value) }));
    const line = places.map((place, i) => {
      if (i === 0) return `M${place.x.toFixed(1)} ${place.y.toFixed(1)}`;
      return steps ? `H${place.x.toFixed(1)}V${place.y.toFixed(1)}` : `L${place.x.toFixed(1)} ${place.y.toFixed(1)}`;
    });
    const last = places.at(-1);
    const tail = steps && last && last.x < width - PAD.right ? `H${(width - PAD.right).toFixed(1)}` : '';
    const path = line.join('') + tail;
    const floor = (height - PAD.bottom).toFixed(1);
    const area = places[0] ? `${path}V${floor}H${places[0].x.toFixed(1)}Z` : '';
    const ranges = places
      .filter(({ point }) => point.max > point.min)
      .map(({ point, x }) => `M${x.toFixed(1)} ${y(point.min).toFixed(1)}V${y(point.max).toFixed(1)}`)
      .join('');
    const spans = Math.max(1, Math.min(6, Math.floor((width - left) / 110)));
    const dates = Array.from({ length: spans + 1 }, (_, i) => start + ((end - start) * i) / spans);
    const rangeWidth = Math.max(1, Math.min(RANGE, (0.7 * (width - left)) / places.length));
    return { places, path, area, ranges, rangeWidth, marks, left, y, x, dates, long: end - start > 200 * 86_400_000 };
  }, [points, from, to, width, height, steps, words]);

  const { places } = drawn;
  const current = chosen === undefined ? undefined : places[Math.min(chosen, places.length - 1)];
  const nearest = (clientX: number) => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    const at = clientX - left;
    let best = 0;
    for (const [i, place] of places.entries()) {
      if (Math.abs(place.x - at) < Math.abs((places[best]?.x ?? 0) - at)) best = i;
    }
    choose(best);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const end = places.length - 1;
    const moves: Record<string, (i: number) => number> = {
      ArrowRight: (i) => Math.min(end, i + 1),
      ArrowLeft: (i) => Math.max(0, i - 1),
      Home: () => 0,
      End: () => end,
    };
    const move = moves[event.key];
    if (event.key === 'Escape') choose(undefined);
    if (!move) return;
    event.preventDefault();
    choose((i) => move(i ?? end + 1));
  };
  const date = (ms: number) => {
    const day = new Date(ms).toISOString().slice(0, 10);
    return drawn.long ? words.month(day) : words.shortDate(day);
  };
  const range = (point: ChartPoint) =>
    point.max > point.min ? `${words.number(point.min)}–${words.number(point.max)}` : '';
  const spoken = current
    ? `${name(current.point)}: ${words.number(current.point.value)}`
    : `${label}. ${words.t.chat.chartHelp}`;

  return (
    <div
      class="chart"
      ref={box}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={Math.max(0, places.length - 1)}
      aria-valuenow={chosen ?? Math.max(0, places.length - 1)}
      aria-valuetext={spoken}
      onKeyDown={onKeyDown}
      onPointerMove={(event) => nearest(event.clientX)}
      onPointerDown={(event) => nearest(event.clientX)}
      onPointerLeave={() => choose(undefined)}
      onBlur={() => choose(undefined)}
    >
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
        {drawn.marks.map((mark) => (
          <g key={mark}>
            <line class="grid" x1={drawn.left} x2={width - PAD.right} y1={drawn.y(mark)} y2={drawn.y(mark)} />
            <text class="tick" x={drawn.left - 10} y={drawn.y(mark) + 4} text-anchor="end">
              {words.number(mark)}
            </text>
          </g>
        ))}
        {drawn.dates.map((ms, i) => (
          <text
            class="tick"
            key={ms}
            x={drawn.x(ms)}
            y={height - 8}
            text-anchor={i === 0 ? 'start' : i === drawn.dates.length - 1 ? 'end' : 'middle'}
          >
            {date(ms)}
          </text>
        ))}
        <path class="area" d={drawn.area} />
        <path class="ranges" d={drawn.ranges} stroke-width={drawn.rangeWidth} />
        <path class="line" d={drawn.path} />
        {places.length === 1 && places[0] && <circle class="dot" cx={places[0].x} cy={places[0].y} r={3.5} />}
        {current && (
          <g>
            <line class="cursor" x1={current.x} x2={current.x} y1={PAD.top} y2={height - PAD.bottom} />
            <circle class="dot" cx={current.x} cy={current.y} r={5} />
          </g>
        )}
      </svg>
      {current && (
        <div
          class="chart-value"
          style={{ left: `${Math.min(Math.max(current.x, 76), width - 76)}px` }}
          aria-hidden="true"
        >
          <strong>{words.number(current.point.value)}</strong>
          <span>{name(current.point)}</span>
          {range(current.point) && <span class="quiet">{range(current.point)}</span>}
        </div>
      )}
    </div>
  );
}
