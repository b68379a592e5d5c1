import { dayMs } from './scale.ts';

/** A small line chart of a value without axes. Its size comes from its style, not from its content. */

const [WIDTH, HEIGHT, MARGIN] = [100, 24, 2] as const;
/** Smallest range of the height, as a share of the largest value: a change of one percent must not look like a cliff. */
const MIN_RANGE = 0.05;

export function Sparkline({
  days,
  values,
  label,
}: {
  readonly days: readonly string[];
  /** `null`: unknown on that day. */
  readonly values: readonly (number | null)[];
  /** A description of the content for screen readers. */
  readonly label: string;
}) {
  const points = values.flatMap((value, i) => (value === null ? [] : [{ value, at: dayMs(days[i] ?? '') }]));
  const [first, last] = [dayMs(days[0] ?? ''), dayMs(days.at(-1) ?? '')];
  if (points.length < 2) return <span class="sparkline" />;
  const [low, high] = [Math.min(...points.map(({ value }) => value)), Math.max(...points.map(({ value }) => value))];
  const range = Math.max(high - low, high * MIN_RANGE, 1);
  const bottom = (low + high - range) / 2;
  const place = ({ value, at }: (typeof points)[number]) => {
    const x = (WIDTH * (at - first)) / (last - first);
    const y = HEIGHT - MARGIN - ((value - bottom) / range) * (HEIGHT - 2 * MARGIN);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={`M${points.map(place).join('L')}`} />
    </svg>
  );
}
