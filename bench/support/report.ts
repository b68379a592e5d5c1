import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Figure, PartResult, Table } from './part.ts';

/** Writes results for people (stdout, RESULTS.md) and for programs (results/*.json). */

const BENCH = join(import.meta.dirname, '..');
const RESULTS = join(BENCH, 'RESULTS.md');

const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${process.platform}`;

const MARKS = new Map([
  [true, 'yes'],
  [false, '**no**'],
  [undefined, '–'],
]);
const figuresTable = (figures: readonly Figure[]): Table => ({
  title: '',
  head: ['goal', 'figure', 'asked for', 'measured', 'beside it', 'reached'],
  rows: figures.map((f) => [f.goal, f.what, f.bound, f.measured, f.peer, MARKS.get(f.reached) ?? '']),
});

/** Returns a table with aligned columns, for a terminal. */
function textTable({ title, head, rows }: Table): string {
  const lines = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  text.splice(1, 0, widths.map((width) => '─'.repeat(width)).join('  '));
  return [...(title ? [`${title}\n`] : []), ...text].join('\n');
}

function markdownTable({ title, head, rows }: Table): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [...(title ? [`**${title}**\n`] : []), line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function print(part: string, result: PartResult): void {
  console.log(`\n━━ ${part}\n`);
  console.log(textTable(figuresTable(result.figures)));
  for (const table of result.tables ?? []) console.log(`\n${textTable(table)}`);
  for (const note of result.notes ?? []) console.log(`\n${note}`);
}

/** Stores results. Quick runs get their own file and are not recorded in RESULTS.md. */
export function keep(part: string, result: PartResult, { quick, load }: { quick: boolean; load: string }): void {
  const folder = join(BENCH, 'results');
  mkdirSync(folder, { recursive: true });
  const record = { part, quick, machine: machine(), date: new Date().toISOString(), load, ...result, plots: undefined };
  writeFileSync(join(folder, `${part}${quick ? '.quick' : ''}.json`), `${JSON.stringify(record, null, 2)}\n`);
  if (quick) return;
  const plots = join(BENCH, 'plots');
  for (const { name, svg } of result.plots ?? []) {
    mkdirSync(plots, { recursive: true });
    writeFileSync(join(plots, `${name}.svg`), svg);
  }
  const section = [
    `## ${part}`,
    `\`npm run bench -- ${part}\`, ${record.date.slice(0, 10)}, load average ${load}; ${record.machine}`,
    markdownTable(figuresTable(result.figures)),
    ...(result.notes ?? []),
    ...(result.tables ?? []).map(markdownTable),
    ...(result.plots ?? []).map(({ name, title }) => `![${title}](plots/${name}.svg)`),
  ].join('\n\n');
  writeFileSync(RESULTS, withSection(existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : HEADER, part, section));
}

const HEADER = `# Results

Measurements against the goals. Each part of \`npm run bench\` writes its section when it runs in full. Figures stay as they
were measured, reached or not. Ratios compare with a peer or a bound in the same run.
`;

/** Replaces the section of a part, which is between two comments. The rest of the file remains. */
function withSection(text: string, part: string, section: string): string {
  const [begin, end] = [`<!-- ${part} -->`, `<!-- /${part} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  const block = `${begin}\n${section}\n${end}`;
  return from >= 0 && to > from ? text.slice(0, from) + block + text.slice(to + end.length) : `${text}\n${block}\n`;
}
