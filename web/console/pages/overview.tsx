import { useState } from 'preact/hooks';
import type { components } from '../../../test/e2e/api.d.ts';
import type { FullUpdate, Plan } from '../api/client.ts';
import { useData } from '../api/data.ts';
import { useApp } from '../app-context.ts';
import { Chart } from '../parts/chart.tsx';
import { Failure } from '../parts/failure.tsx';
import { type Figure, Figures } from '../parts/figures.tsx';
import { DAY_MS, dayMs, dayText } from '../parts/scale.ts';
import { Sparkline } from '../parts/sparkline.tsx';
import { useWords, type Words } from '../text/index.ts';

/** The overview: the sums with their course, problems that need a person, and the state of the dependencies. */

type Stats = components['schemas']['Stats'];
type Health = Readonly<
  Record<(typeof SERVICES)[number], { readonly state: string; readonly latency_ms: number | null }>
>;

const EVERY_MS = 30_000;
const COURSE_DAYS = 90;
const SERVICES = ['max', 'redis', 'dynamodb', 'sqs'] as const;
/** States in which MAX gives no count, although the chat is linked. */
const LOST = ['denied', 'gone', 'removed', 'left', 'closed', 'suspended'] as const;

export function OverviewPage() {
  const words = useWords();
  const { t, number, percent, ago } = words;
  const { api, session } = useApp();
  const isSuperadmin = session.role === 'superadmin';
  const [university, setUniversity] = useState<number | undefined>(undefined);
  const to = dayText(Date.now());
  const from = dayText(dayMs(to) - (COURSE_DAYS - 1) * DAY_MS);
  const list = useData(
    'overview chats',
    (signal) => api.ask(api.client.GET('/chats/all', { params: { query: { limit: 1 } }, signal })),
    EVERY_MS,
  );
  const health = useData('health', (signal) => api.ask(api.client.GET('/health', { signal })), EVERY_MS);
  const stats = useData(`stats ${from}`, (signal) =>
    api.ask(api.client.GET('/stats', { params: { query: { from, to } }, signal })),
  );
  const ofUniversity = useData(university === undefined ? undefined : `stats ${from} ${university}`, (signal) =>
    api.ask(
      api.client.GET('/stats', {
        params: { query: { from, to, ...(university !== undefined && { university_id: university }) } },
        signal,
      }),
    ),
  );
  const plan = useData(
    isSuperadmin ? 'plan' : undefined,
    (signal) => api.ask(api.client.GET('/admin/participants/plan', { signal })),
    EVERY_MS,
  );
  const latest = useData(
    isSuperadmin ? 'latest run' : undefined,
    (signal) => api.ask(api.client.GET('/admin/participants/full-update', { params: { query: { limit: 1 } }, signal })),
    EVERY_MS,
  );
  const newest = Math.max(...[list.at, health.at, plan.at].filter((at) => at !== undefined));
  const last = stats.value?.days.at(-1);
  const shown = university === undefined ? stats.value : ofUniversity.value;
  const chats = list.value?.total ?? undefined;
  const rolledUp = stats.value?.rolled_up_at
    ? t.overview.rolledUp(ago(Date.parse(stats.value.rolled_up_at)))
    : undefined;
  return (
    <>
      <header class="head">
        <h1>{t.overview.title}</h1>
        {Number.isFinite(newest) && <p class="quiet">{t.updated(ago(newest))}</p>}
      </header>
      {list.error !== undefined && <Failure error={list.error} retry={list.reload} />}
      <Figures
        figures={[
          { name: t.overview.chats, value: chats == null ? undefined : number(chats) },
          {
            name: t.overview.participants,
            value: last && number(last.participants),
            note: rolledUp,
            missing: stats.value && t.overview.participantsMissing,
          },
          {
            ...{ name: t.overview.fresh, help: t.overview.freshHelp },
            ...freshness(),
          },
          ...(isSuperadmin ? plannerFigures(plan.value, words) : []),
        ]}
      />
      <Attention
        health={health.value?.dependencies}
        lost={LOST.reduce((sum, status) => sum + (last?.by_status[status] ?? 0), 0)}
        run={latest.value?.data[0]}
        plan={plan.value}
      />
      {stats.error !== undefined && <Failure error={stats.error} retry={stats.reload} />}
      <section aria-labelledby="course-title">
        <div class="section-head">
          <h2 id="course-title">
            {university === undefined ? t.overview.course(COURSE_DAYS) : t.overview.courseOf(t.university(university))}
          </h2>
          {university !== undefined && (
            <button type="button" class="button" onClick={() => setUniversity(undefined)}>
              {t.allUniversities}
            </button>
          )}
        </div>
        {shown && shown.days.length > 1 ? (
          <Chart
            points={shown.days.map(({ date, participants }) => ({
              ...{ day: date, value: participants, min: participants, max: participants },
            }))}
            from={shown.days[0]?.date ?? from}
            to={shown.days.at(-1)?.date ?? to}
            label={t.overview.course(COURSE_DAYS)}
            name={({ day }) => words.date(day)}
            steps={false}
          />
        ) : (
          <div class="empty is-small">
            {shown ? (
              <>
                <p>{t.overview.noCourse}</p>
                <p class="quiet">{t.overview.noCourseHint}</p>
              </>
            ) : (
              <p class="quiet">{t.loading}</p>
            )}
          </div>
        )}
      </section>
      {stats.value?.universities && stats.value.universities.length > 0 && (
        <Universities
          universities={stats.value.universities}
          days={stats.value.course_days ?? []}
          chosen={university}
          onChoose={setUniversity}
        />
      )}
      {stats.value && <Changed stats={shown ?? stats.value} />}
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
          {isSuperadmin && <Events subscription={plan.value?.subscription} />}
        </ul>
      </section>
    </>
  );

  /** The present share for roles that may see the plan; for others, the share at the last roll-up. */
  function freshness(): Pick<Figure, 'value' | 'note' | 'missing'> {
    const share = isSuperadmin ? plan.value?.fresher_than_hour : last?.fresher_than_hour;
    const missing = isSuperadmin ? plan.value && t.chats.none : stats.value && t.overview.participantsMissing;
    if (share == null) return { value: undefined, missing };
    return { value: percent(share), note: isSuperadmin ? t.overview.freshNow : rolledUp };
  }

  function plannerFigures(value: Plan | undefined, { t }: Words): Figure[] {
    const correct = value?.measured_freshness ?? value?.expected_freshness;
    return [
      {
        ...{ name: t.overview.correct, help: t.overview.correctHelp },
        value: correct == null ? undefined : percent(correct),
        note:
          value?.expected_freshness == null ? undefined : t.overview.correctExpected(percent(value.expected_freshness)),
        missing: value && t.overview.correctMissing,
      },
      {
        name: t.overview.quota,
        value: value?.requests_per_hour == null ? undefined : number(Math.round(value.requests_per_hour)),
        note: value && t.overview.quotaOf(number(Math.round(value.budget_per_hour))),
        missing: value && t.overview.quotaMissing,
      },
    ];
  }
}

/** The state of the subscription to MAX's events, and since when. */
function Events({ subscription }: { readonly subscription: Plan['subscription'] | undefined }) {
  const { t, dateTime } = useWords();
  const { events } = t.overview;
  const state = { confirmed: 'is-ok', lost: 'is-down', none: 'is-disabled' } as const;
  const since = subscription?.since ? dateTime(Date.parse(subscription.since)) : '';
  return (
    <li class={subscription ? state[subscription.state] : 'is-unknown'}>
      <strong>{events.name}</strong>
      <span>{subscription ? events[subscription.state](since) : t.loading}</span>
    </li>
  );
}

/** Problems that need a person, the worst first. */
function Attention({
  health,
  lost,
  run,
  plan,
}: {
  readonly health: Health | undefined;
  readonly lost: number;
  readonly run: FullUpdate | null | undefined;
  readonly plan: Plan | undefined;
}) {
  const { t, number, ago } = useWords();
  const { overview } = t;
  const items: (readonly [title: string, hint: string])[] = [
    ...SERVICES.filter((name) => health?.[name].state === 'down').map(
      (name) => [`${overview.serviceNames[name]} ${overview.serviceState.down}`, overview.serviceDown[name]] as const,
    ),
    ...(run?.status === 'stalled' ? [[overview.stalledRun, overview.stalledRunHint] as const] : []),
    ...(run && run.failed > 0 ? [[overview.failedRun(number(run.failed)), overview.failedRunHint] as const] : []),
    ...(plan?.subscription.state === 'lost' && plan.subscription.since
      ? [[overview.lostEvents(ago(Date.parse(plan.subscription.since))), overview.lostEventsHint] as const]
      : []),
    ...(lost > 0 ? [[overview.gone(number(lost)), overview.goneHint] as const] : []),
  ];
  return (
    <section aria-labelledby="attention-title">
      <h2 id="attention-title">{overview.attention}</h2>
      {items.length === 0 ? (
        <p class="quiet">{health ? overview.nothing : t.loading}</p>
      ) : (
        <ul class="attention">
          {items.map(([title, hint]) => (
            <li key={title}>
              <strong>{title}</strong>
              <span>{hint}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Universities({
  universities,
  days,
  chosen,
  onChoose,
}: {
  readonly universities: NonNullable<Stats['universities']>;
  readonly days: readonly string[];
  readonly chosen: number | undefined;
  readonly onChoose: (university: number) => void;
}) {
  const { t, number, difference, percent, shortDate } = useWords();
  const most = Math.max(1, ...universities.map(({ participants }) => participants));
  const since = universities[0]?.since;
  const rows = universities.toSorted((a, b) => b.participants - a.participants);
  return (
    <section aria-labelledby="universities-title">
      <h2 id="universities-title">{t.overview.byUniversity}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section class="scroll is-tall is-open" tabIndex={0} aria-label={t.overview.byUniversity}>
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">{t.overview.university}</th>
              <th scope="col">{t.overview.participants}</th>
              <th scope="col">{since ? t.overview.changeSince(shortDate(since)) : t.overview.change}</th>
              <th scope="col">{t.overview.courseShort}</th>
              <th scope="col">{t.overview.chats}</th>
              <th scope="col">{t.overview.fresh}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ university_id, chats, participants, participants_before, course, fresher_than_hour }) => (
              <tr key={university_id} class={university_id === chosen ? 'is-selected' : ''}>
                <th scope="row">
                  <button
                    type="button"
                    class="as-link"
                    aria-pressed={university_id === chosen}
                    onClick={() => onChoose(university_id)}
                  >
                    {t.university(university_id)}
                  </button>
                </th>
                <td class="with-bar">
                  {number(participants)}
                  <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect width={(participants / most) * 100} height={4} />
                  </svg>
                </td>
                <td>{participants_before === null ? '—' : difference(participants - participants_before)}</td>
                <td>
                  <Sparkline
                    days={days}
                    values={course}
                    label={t.overview.courseText(number(participants_before ?? 0), number(participants))}
                  />
                </td>
                <td>{number(chats)}</td>
                <td>{fresher_than_hour === null ? '—' : percent(fresher_than_hour)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

const SPANS = ['week', 'month'] as const;

function Changed({ stats }: { readonly stats: Stats }) {
  const { t, number, difference } = useWords();
  const [span, setSpan] = useState<(typeof SPANS)[number]>('week');
  const { grew, shrank } = stats[span];
  return (
    <section aria-labelledby="changed-title">
      <div class="section-head">
        <h2 id="changed-title">{t.overview.movers}</h2>
        <fieldset class="segments">
          <legend class="unseen">{t.overview.span}</legend>
          {SPANS.map((each) => (
            <label key={each}>
              <input type="radio" name="span" value={each} checked={each === span} onChange={() => setSpan(each)} />
              <span>{t.overview[each]}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {grew.length + shrank.length === 0 ? (
        <p class="quiet">{t.overview.noMovers}</p>
      ) : (
        <div class="pair">
          {(
            [
              [t.overview.grew, grew],
              [t.overview.shrank, shrank],
            ] as const
          ).map(([title, movers]) => (
            <div key={title}>
              <h3>{title}</h3>
              <ol class="movers">
                {movers.map(({ chat_id, name, before, after }) => (
                  <li key={chat_id}>
                    <a href={`#/chats/${chat_id}`}>{name || chat_id}</a>
                    <span class={`change ${after > before ? 'is-up' : 'is-down'}`}>{difference(after - before)}</span>
                    <span class="quiet figure">{number(after)}</span>
                  </li>
                ))}
              </ol>
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
