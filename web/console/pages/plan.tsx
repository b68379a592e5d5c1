import { useState } from 'preact/hooks';
import type { Plan } from '../api/client.ts';
import { useData } from '../api/data.ts';
import { useApp } from '../app-context.ts';
import { Failure } from '../parts/failure.tsx';
import { Figures, Progress } from '../parts/figures.tsx';
import { useWords } from '../text/index.ts';

/** The planner's knowledge and budget, and a chart with a slider that shows the effect of another quota. */

const EVERY_MS = 60_000;
/** Quotas of the curve, requests a second. */
const QUOTAS = [1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120] as const;
const GROUPS = ['trusted', 'dirty', 'never', 'due'] as const;

export function PlanPage() {
  const { t, number, percent, ago } = useWords();
  const { api } = useApp();
  const plan = useData('plan', (signal) => api.ask(api.client.GET('/admin/participants/plan', { signal })), EVERY_MS);
  const { value } = plan;
  const share = (n: number | null | undefined) => (n == null ? undefined : percent(n));
  const groups: Record<(typeof GROUPS)[number], number> | undefined = value && {
    ...{ trusted: value.trusted, dirty: value.dirty, never: value.never_read, due: value.due },
  };
  return (
    <>
      <header class="head is-stacked">
        <h1>{t.plan.title}</h1>
        <p class="lead">{t.plan.lead}</p>
      </header>
      {plan.error !== undefined && <Failure error={plan.error} retry={plan.reload} />}
      {value && value.planned_at === null && <p class="notice">{t.plan.notYet}</p>}
      <Figures
        figures={[
          {
            ...{ name: t.plan.measured, value: share(value?.measured_freshness), help: t.plan.measuredHint },
            missing: value && t.overview.correctMissing,
          },
          {
            ...{ name: t.plan.expected, value: share(value?.expected_freshness) },
            missing: value && t.overview.correctMissing,
          },
          {
            name: t.plan.budget,
            value: value?.requests_per_hour == null ? undefined : number(Math.round(value.requests_per_hour)),
            note: value && t.overview.quotaOf(number(Math.round(value.budget_per_hour))),
            missing: value && t.overview.quotaMissing,
          },
          {
            name: t.plan.price,
            missing: value && t.overview.quotaMissing,
            value: value?.kappa == null ? undefined : number(Number(value.kappa.toPrecision(2))),
            help: t.plan.priceHint,
          },
          {
            name: t.plan.views,
            missing: value && t.overview.quotaMissing,
            value: value?.reads_per_hour == null ? undefined : number(Math.round(value.reads_per_hour)),
          },
          {
            name: t.plan.changes,
            missing: value && t.overview.quotaMissing,
            value:
              value?.median_changes_per_day == null
                ? undefined
                : number(Number(value.median_changes_per_day.toPrecision(2))),
          },
        ]}
      />
      {value && groups && (
        <section aria-labelledby="groups-title">
          <div class="section-head">
            <h2 id="groups-title">{t.plan.chats}</h2>
            {value.planned_at && <p class="quiet">{t.plan.planned(ago(Date.parse(value.planned_at)))}</p>}
          </div>
          <ul class="bars">
            {GROUPS.map((name) => (
              <li key={name}>
                <span>{t.plan.groups[name]}</span>
                <span class="figure">{number(groups[name])}</span>
                <Progress share={value.chats === 0 ? 0 : groups[name] / value.chats} label={t.plan.groups[name]} />
              </li>
            ))}
          </ul>
          <p class="quiet">{t.plan.sample(number(value.sampled))}</p>
        </section>
      )}
      {value && value.planned_at !== null && <WhatIf />}
    </>
  );
}

function WhatIf() {
  const { t, number, percent } = useWords();
  const { api } = useApp();
  const [chosen, choose] = useState(QUOTAS.indexOf(30));
  const curve = useData('plan curve', async (signal) => {
    const plans: Plan[] = [];
    // One after another, because each request reads a sample of the chats.
    for (const rps of QUOTAS) {
      plans.push(await api.ask(api.client.GET('/admin/participants/plan', { params: { query: { rps } }, signal })));
    }
    return plans.flatMap(({ what_if }) => what_if ?? []);
  });
  const at = curve.value?.[chosen];
  return (
    <section aria-labelledby="what-if-title" class="what-if">
      <h2 id="what-if-title">{t.plan.whatIf}</h2>
      {curve.error !== undefined && <Failure error={curve.error} retry={curve.reload} />}
      <label class="range">
        <span>{t.plan.rps}</span>
        <input
          type="range"
          min={0}
          max={QUOTAS.length - 1}
          step={1}
          value={chosen}
          aria-valuetext={t.plan.rpsValue(number(QUOTAS[chosen] ?? 0))}
          onInput={(event) => choose(Number(event.currentTarget.value))}
        />
        <output class="figure">{t.plan.rpsValue(number(QUOTAS[chosen] ?? 0))}</output>
      </label>
      <p class="answer" aria-live="polite">
        {at ? (
          <>
            <strong>{t.plan.would(percent(at.expected_freshness))}</strong>{' '}
            <span class="quiet">{t.plan.wouldBudget(number(Math.round(at.budget_per_hour)))}</span>
          </>
        ) : (
          <span class="quiet">{t.loading}</span>
        )}
      </p>
      <Columns
        shares={curve.value?.map(({ expected_freshness }) => expected_freshness) ?? []}
        chosen={chosen}
        onChoose={choose}
      />
    </section>
  );
}

/** The expected share for each quota, as columns. The column of the slider's quota is marked. */
function Columns({
  shares,
  chosen,
  onChoose,
}: {
  readonly shares: readonly number[];
  readonly chosen: number;
  readonly onChoose: (i: number) => void;
}) {
  const { t, number, percent } = useWords();
  return (
    // Takes the same space without shares.
    <div class="columns" role="img" aria-label={t.plan.curve}>
      {shares.map((share, i) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the slider does the same by keyboard.
        // biome-ignore lint/a11y/useKeyWithClickEvents: the same.
        <div key={QUOTAS[i]} class={i === chosen ? 'is-chosen' : ''} onClick={() => onChoose(i)}>
          <span class="share">{percent(share)}</span>
          <span class="column" style={{ height: `${share * 100}%` }} />
          <span class="tick">{number(QUOTAS[i] ?? 0)}</span>
        </div>
      ))}
    </div>
  );
}
