/** A few numbers of a page, with their names. */
export interface Figure {
  readonly name: string;
  /** `undefined`: not known yet. */
  readonly value: string | undefined;
  readonly note?: string | undefined;
  /** Why there is no value although everything is loaded, and when there will be one. */
  readonly missing?: string | undefined;
  readonly help?: string | undefined;
}

export const Figures = ({ figures }: { readonly figures: readonly Figure[] }) => (
  <dl class="figures">
    {figures.map(({ name, value, note, missing, help }) => (
      <div class="figure-box" key={name} title={help}>
        <dt>{name}</dt>
        {value === undefined && missing ? (
          <dd class="missing">{missing}</dd>
        ) : (
          <dd>
            <span class="figure">{value ?? '…'}</span>
            {note && <span class="quiet">{note}</span>}
          </dd>
        )}
      </div>
    ))}
  </dl>
);

export const Progress = ({ share, label }: { readonly share: number; readonly label: string }) => (
  <progress class="progress" max={1} value={share} aria-label={label}>
    {Math.round(share * 100)} %
  </progress>
);
