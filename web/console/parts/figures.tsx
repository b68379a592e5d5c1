/** A few numbers of a page, with their names. */
export interface Figure {
  readonly name: string;
  /** `undefined`: not known yet. */
  readonly value: string | undefined;
  readonly note?: string | undefined;
  readonly help?: string | undefined;
}

export const Figures = ({ figures }: { readonly figures: readonly Figure[] }) => (
  <dl class="figures">
    {figures.map(({ name, value, note, help }) => (
      <div class="figure-box" key={name} title={help}>
        <dt>{name}</dt>
        <dd>
          <span class="figure">{value ?? '—'}</span>
          <span class="quiet">{note ?? '\u00A0'}</span>
        </dd>
      </div>
    ))}
  </dl>
);

export const Progress = ({ share, label }: { readonly share: number; readonly label: string }) => (
  <progress class="progress" max={1} value={share} aria-label={label}>
    {Math.round(share * 100)} %
  </progress>
);
