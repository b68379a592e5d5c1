import { useState } from 'preact/hooks';
import type { components } from '../../../test/e2e/api.d.ts';
import type { Api } from '../api/client.ts';
import { useApp } from '../app-context.ts';
import { Failure } from '../parts/failure.tsx';
import { Figures } from '../parts/figures.tsx';
import { useWords } from '../text/index.ts';

/** The quality of the shown counts: compares a sample with MAX. */

const SIZES = [50, 100, 200, 500] as const;

const validate = ({ ask, client }: Api, sample_size: number) =>
  ask(client.GET('/admin/participants/validate', { params: { query: { sample_size } } }));

type Validation = Awaited<ReturnType<typeof validate>>;
type Name = Pick<components['schemas']['Chat'], 'id' | 'name'>;

/** Returns half of the 95 % confidence interval of the share of all chats (normal approximation; it is only for a note). */
const marginOf = (share: number, checked: number): number =>
  1.96 * Math.sqrt(Math.max(share * (1 - share), 1 / (4 * checked)) / checked);

export function QualityPage() {
  const { t, number, percent, difference, ago } = useWords();
  const { api } = useApp();
  const [size, setSize] = useState<number>(100);
  const [running, setRunning] = useState(false);
  const [result, setResult] = useState<Validation | undefined>(undefined);
  const [names, setNames] = useState<ReadonlyMap<number, string>>(new Map());
  const [failure, setFailure] = useState<unknown>(undefined);

  const run = async () => {
    if (running) return;
    setRunning(true);
    setFailure(undefined);
    try {
      const found = await validate(api, size);
      setResult(found);
      const chats = await Promise.allSettled(
        found.mismatches
          .slice(0, 50)
          .map(({ chat_id }) => api.ask(api.client.GET('/chats/{id}', { params: { path: { id: chat_id } } }))),
      );
      const known = chats.flatMap((each): Name[] => (each.status === 'fulfilled' ? [each.value] : []));
      setNames(new Map(known.map(({ id, name }) => [id, name])));
    } catch (error) {
      setFailure(error);
    }
    setRunning(false);
  };

  const { columns } = t.quality;
  return (
    <>
      <header class="head is-stacked">
        <h1>{t.quality.title}</h1>
        <p class="lead">{t.quality.lead}</p>
      </header>
      <div class="buttons is-middle">
        <label class="sort">
          <span>{t.quality.size}</span>
          <select value={size} onChange={(event) => setSize(Number(event.currentTarget.value))}>
            {SIZES.map((each) => (
              <option key={each} value={each}>
                {number(each)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="button is-primary" aria-disabled={running} onClick={() => void run()}>
          {running ? t.quality.running : t.quality.run}
        </button>
      </div>
      {failure !== undefined && <Failure error={failure} retry={() => void run()} />}
      {result && (
        <>
          <Figures
            figures={[
              {
                name: t.quality.accuracy,
                value: result.accuracy === null ? undefined : percent(result.accuracy),
                note:
                  result.accuracy === null
                    ? t.quality.nothing
                    : t.quality.margin(percent(marginOf(result.accuracy, Math.max(1, result.checked)))),
              },
              { name: t.quality.checked, value: number(result.checked) },
              { name: t.quality.mismatched, value: number(result.mismatched) },
              {
                name: t.quality.drift,
                value: result.max_drift === null ? undefined : number(result.max_drift),
                note:
                  result.mean_abs_drift === null
                    ? undefined
                    : `${t.quality.meanDrift}: ${number(round(result.mean_abs_drift))}`,
              },
            ]}
          />
          {result.unavailable > 0 && <p class="quiet">{t.quality.unavailable(number(result.unavailable))}</p>}
          <section aria-labelledby="mismatches-title">
            <h2 id="mismatches-title">{t.quality.mismatches}</h2>
            {result.mismatches.length === 0 ? (
              <p class="quiet">{result.checked === 0 ? t.quality.nothing : t.quality.none}</p>
            ) : (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
              <section class="scroll is-tall" tabIndex={0} aria-label={t.quality.mismatches}>
                <table class="plain">
                  <thead>
                    <tr>
                      <th scope="col">{columns.chat}</th>
                      <th scope="col">{columns.shown}</th>
                      <th scope="col">{columns.actual}</th>
                      <th scope="col">{columns.drift}</th>
                      <th scope="col">{columns.read}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {result.mismatches.map(({ chat_id, shown, actual, drift, participants_updated_at }) => (
                      <tr key={chat_id}>
                        <th scope="row">
                          <a href={`#/chats/${chat_id}`}>{names.get(chat_id) ?? chat_id}</a>
                        </th>
                        <td>{shown === null ? '—' : number(shown)}</td>
                        <td>{number(actual)}</td>
                        <td>{difference(drift)}</td>
                        <td>{participants_updated_at === null ? t.never : ago(Date.parse(participants_updated_at))}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </section>
            )}
          </section>
        </>
      )}
    </>
  );
}

const round = (n: number): number => Math.round(n * 10) / 10;
