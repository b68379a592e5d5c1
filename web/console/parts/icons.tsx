/** Icons of one stroke, drawn on a 20 × 20 grid. Each has a text beside it, so screen readers ignore them. */

const PATHS = {
  overview: 'M3 16.5V10m4.7 6.5V5m4.6 11.5V8.5m4.7 8V3',
  chats: 'M4 4.5h12v8.5H9l-3.5 3v-3H4z',
  update: 'M16 6.5A7 7 0 0 0 3.6 8M4 13.5A7 7 0 0 0 16.4 12M16.5 3v4h-4M3.5 17v-4h4',
  quality: 'M4 10.5l4 4 8-9',
  plan: 'M3 15c3 0 3.5-9 7-9s4 5 7 5',
  docs: 'M7 6l-4 4 4 4m6-8l4 4-4 4',
  refresh: 'M16 6.5A7 7 0 1 0 17 11M16.5 3v4h-4',
  out: 'M8 4H4v12h4m4-9l3.5 3-3.5 3M15 10H7.5',
  search: 'M13.5 13.5L17 17M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11z',
  external: 'M8 5H4.5v10.5H15V12m-4-8h5v5m0-5l-7 7',
  back: 'M11.5 4.5L6 10l5.5 5.5',
  download: 'M10 3v9m-3.5-3.5L10 12l3.5-3.5M4 16h12',
  warning: 'M10 3.5l7.5 13h-15zM10 8.5v3.5m0 2.2v.3',
  close: 'M5 5l10 10M15 5L5 15',
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);
