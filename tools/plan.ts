import { API_HELP, API_OPTIONS, connectApi, refused } from './api.ts';
import { readOptions, runTool, ToolError } from './command-line.ts';

/** `npm run plan` shows how the planner spends its budget, and how it would spend another one. */

const HELP = `Usage: npm run plan -- [--what-if --rps N] [--json] [--url URL] [--token TOKEN]

Shows the planner's budget, the shadow price of a request, how many chats are due, dirty and trusted, and the share of correct
counts served.

  --what-if  also shows the plan for a quota of --rps requests a second, with the same share for the background
  --rps      from 1 to 1000
  --json     prints the API's response unchanged
${API_HELP}`;

interface Plan {
  readonly [name: string]: unknown;
  readonly subscription: { readonly state: string; readonly since: string | null };
  readonly signals: {
    readonly size: { readonly slope: number | null };
    readonly last_event: { readonly in_use: boolean; readonly contradicted: number | null };
  } | null;
  readonly what_if: Readonly<Record<string, number>> | null;
}

await runTool(async () => {
  const { values } = readOptions(HELP, {
    'what-if': { type: 'boolean' },
    rps: { type: 'string' },
    json: { type: 'boolean' },
    ...API_OPTIONS,
  });
  if (values['what-if'] !== (values.rps !== undefined || undefined)) {
    throw new ToolError('--what-if and --rps must be used together: npm run plan -- --what-if --rps 10');
  }
  const call = await connectApi(values);
  const answer = await call(
    'GET',
    `/admin/participants/plan${values.rps ? `?rps=${encodeURIComponent(values.rps)}` : ''}`,
  );
  if (answer.status !== 200) throw refused('The plan can’t be shown', answer);
  const plan = answer.body as Plan;
  console.log(values.json ? JSON.stringify(plan, null, 2) : describe(plan));
  return 0;
});

function describe(plan: Plan): string {
  const lines = [
    ['budget', number(plan.budget_per_hour, ' requests an hour')],
    ['requests at this price', number(plan.requests_per_hour, ' requests an hour')],
    ['shadow price (κ)', number(plan.kappa, ' correct views a request')],
    ['last planned', plan.planned_at ?? 'never'],
    ['chats', `${plan.chats}; the figures about chats come from a sample of ${plan.sampled}`],
    ['due', plan.due],
    ['dirty', plan.dirty],
    ['trusted', plan.trusted],
    ['never read', plan.never_read],
    ['fresher than an hour', percent(plan.fresher_than_hour)],
    ['event subscription', [plan.subscription.state, plan.subscription.since].filter(Boolean).join(' since ')],
    ['views', number(plan.reads_per_hour, ' an hour')],
    ['slope over the size', number(plan.signals?.size.slope, ' (ln of the change rate over ln of 1 + participants)')],
    ['last events', lastEvents(plan)],
    ['median change rate', number(plan.median_changes_per_day, ' joins and leaves a day')],
    ['correct counts served, expected', `${percent(plan.expected_freshness)} (by views, over a day)`],
    ['correct counts served, measured', percent(plan.measured_freshness)],
    ['correct counts of all, expected', `${percent(plan.expected_accuracy)} (every chat alike, now)`],
    ['correct counts of all, measured', `${percent(plan.measured_accuracy)} (over a day)`],
  ];
  if (plan.what_if) {
    const { rps, budget_per_hour, requests_per_hour, kappa, expected_freshness } = plan.what_if;
    lines.push(
      [`at ${rps} requests a second`, ''],
      ['  budget', number(budget_per_hour, ' requests an hour')],
      ['  requests', number(requests_per_hour, ' requests an hour')],
      ['  shadow price (κ)', number(kappa, ' correct views a request')],
      ['  correct counts served, expected', percent(expected_freshness)],
    );
  }
  const width = Math.max(...lines.map(([name]) => String(name).length));
  return lines.map(([name, value]) => `${String(name).padEnd(width)}  ${value}`.trimEnd()).join('\n');
}

function lastEvents({ signals }: Plan): string {
  if (!signals || signals.last_event.contradicted === null) return 'not known yet';
  const { in_use, contradicted } = signals.last_event;
  return `${in_use ? 'used' : 'not used'}; ${percent(contradicted)} of the changed counts contradict them`;
}

function number(value: unknown, unit: string): string {
  return typeof value === 'number' ? `${Number(value.toPrecision(4))}${unit}` : 'not known yet';
}

function percent(value: unknown): string {
  return typeof value === 'number' ? `${(value * 100).toFixed(1)} %` : 'not known yet';
}
