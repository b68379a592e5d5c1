import { useData } from '../api/data.ts';
import { useApp } from '../app-context.ts';
import { Failure } from '../parts/failure.tsx';
import { useWords } from '../text/index.ts';

const EVERY_MS = 30_000;
const SERVICES = ['max', 'redis', 'dynamodb', 'sqs'] as const;

export function OverviewPage() {
  const { t, number, percent, ago } = useWords();
  const { api, session } = useApp();
  const isSuperadmin = session.role === 'superadmin';
  const list = useData(
    'overview chats',
    (signal) => api.ask(api.client.GET('/chats/all', { params: { query: { limit: 1 } }, signal })),
    EVERY_MS,
  );
  const health = useData('health', (signal) => api.ask(api.client.GET('/health', { signal })), EVERY_MS);
  const plan = useData(
    isSuperadmin ? 'plan' : undefined,
    (signal) => api.ask(api.client.GET('/admin/participants/plan', { signal })),
    EVERY_MS,
  );
  const chats = plan.value?.chats ?? list.value?.total ?? undefined;
  const down = SERVICES.filter((name) => health.value?.dependencies[name].state === 'down');
  const newest = Math.max(...[list.at, health.at, plan.at].filter((at) => at !== undefined));
  return (
    <>
      <header class="head">
        <h1>{t.overview.title}</h1>
        {Number.isFinite(newest) && <p class="quiet">{t.updated(ago(newest))}</p>}
      </header>
      {list.error !== undefined && <Failure error={list.error} retry={list.reload} />}
      <dl class="figures">
        <Figure name={t.overview.chats} value={chats === undefined ? undefined : number(chats)} />
        {isSuperadmin && (
          <>
            <Figure
              name={t.overview.correct}
              help={t.overview.correctHelp}
              value={share(plan.value?.measured_freshness ?? plan.value?.expected_freshness, percent)}
              note={
                plan.value?.expected_freshness == null
                  ? undefined
                  : t.overview.correctExpected(percent(plan.value.expected_freshness))
              }
            />
            <Figure
              name={t.overview.quota}
              value={
                plan.value?.requests_per_hour == null ? undefined : number(Math.round(plan.value.requests_per_hour))
              }
              note={plan.value && t.overview.quotaOf(number(plan.value.budget_per_hour))}
            />
            <Figure name={t.overview.due} value={plan.value && number(plan.value.due)} />
          </>
        )}
      </dl>
      <section aria-labelledby="attention-title">
        <h2 id="attention-title">{t.overview.attention}</h2>
        {down.length === 0 ? (
          <p class="quiet">{health.value ? t.overview.nothing : t.loading}</p>
        ) : (
          <ul class="attention">
            {down.map((name) => (
              <li key={name}>
                <strong>
                  {t.overview.serviceNames[name]} {t.overview.serviceState.down}
                </strong>
                <span>{t.overview.serviceDown[name]}</span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="services-title">
        <h2 id="services-title">{t.overview.services}</h2>
        {health.error !== undefined && <Failure error={health.error} retry={health.reload} />}
        <ul class="services">
          {SERVICES.map((name) => {
            const dependency = health.value?.dependencies[name];
            const state = dependency?.state;
            return (
              <li key={name} class={`is-${state ?? 'unknown'}`}>
                <strong>{t.overview.serviceNames[name]}</strong>
                <span>{state ? t.overview.serviceState[state] : t.loading}</span>
                <span class="quiet figure">
                  {dependency?.latency_ms == null ? '' : `${number(Math.round(dependency.latency_ms))} ms`}
                </span>
              </li>
            );
          })}
        </ul>
      </section>
    </>
  );
}

const share = (value: number | null | undefined, percent: (share: number) => string) =>
  value == null ? undefined : percent(value);

function Figure({
  name,
  value,
  note,
  help,
}: {
  readonly name: string;
  readonly value: string | undefined;
  readonly note?: string | undefined;
  readonly help?: string;
}) {
  return (
    <div class="figure-box" title={help}>
      <dt>{name}</dt>
      <dd>
        <span class="figure">{value ?? '—'}</span>
        <span class="quiet">{note ?? '\u00A0'}</span>
      </dd>
    </div>
  );
}
