import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { en, type Text } from './en.ts';
import { ru } from './ru.ts';

/** The language of the page: its words, and the formats of numbers and dates. */

export const LANGUAGES = { ru, en } as const;
export type Language = keyof typeof LANGUAGES;

export interface Words {
  readonly language: Language;
  readonly t: Text;
  readonly number: (n: number) => string;
  /** `+3`, `−12`, `0`. */
  readonly difference: (n: number) => string;
  readonly percent: (share: number) => string;
  /** `5 minutes ago`. @param ms Unix ms. */
  readonly ago: (ms: number) => string;
  /** Contains the year only if it is not the current one. @param ms Unix ms. */
  readonly dateTime: (ms: number) => string;
  /** @param day `YYYY-MM-DD`. */
  readonly date: (day: string) => string;
  readonly shortDate: (day: string) => string;
  readonly month: (day: string) => string;
  readonly duration: (seconds: number) => string;
}

const KEY = 'chat-participants.language';

/** Returns the language that the person chose before, otherwise the browser's. */
export function firstLanguage(): Language {
  const chosen = localStorage.getItem(KEY);
  if (chosen === 'ru' || chosen === 'en') return chosen;
  return navigator.languages.some((each) => /^(ru|be|kk|uk)\b/.test(each)) ? 'ru' : 'en';
}

export const keepLanguage = (language: Language) => localStorage.setItem(KEY, language);

const MINUTE = 60;
const UNITS: readonly (readonly [seconds: number, unit: Intl.RelativeTimeFormatUnit])[] = [
  [365 * 24 * 3_600, 'year'],
  [30 * 24 * 3_600, 'month'],
  [24 * 3_600, 'day'],
  [3_600, 'hour'],
  [MINUTE, 'minute'],
];

export function wordsIn(language: Language): Words {
  const t: Text = LANGUAGES[language];
  const locale = language === 'ru' ? 'ru-RU' : 'en-GB';
  const number = new Intl.NumberFormat(locale);
  const signed = new Intl.NumberFormat(locale, { signDisplay: 'exceptZero' });
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const moment = (year: 'numeric' | undefined) =>
    new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year, hour: '2-digit', minute: '2-digit' });
  const [thisYear, otherYear] = [moment(undefined), moment('numeric')];
  const day = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
    return (text: string) => format.format(new Date(`${text}T00:00:00Z`));
  };
  const unit = (name: string) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 0 });
  return {
    language,
    t,
    number: (n) => number.format(n),
    difference: (n) => signed.format(n).replace('-', '−'),
    percent: (n) => share.format(n),
    ago(ms) {
      const seconds = Math.round((Date.now() - ms) / 1_000);
      if (Math.abs(seconds) < MINUTE) return t.justNow;
      const [size, name] = UNITS.find(([size]) => Math.abs(seconds) >= size) ?? [MINUTE, 'minute'];
      return relative.format(-Math.round(seconds / size), name);
    },
    dateTime(ms) {
      const date = new Date(ms);
      return (date.getFullYear() === new Date().getFullYear() ? thisYear : otherYear).format(date);
    },
    date: day({ day: 'numeric', month: 'long', year: 'numeric' }),
    shortDate: day({ day: 'numeric', month: 'short' }),
    month: day({ month: 'short', year: '2-digit' }),
    duration(seconds) {
      if (seconds < MINUTE) return unit('second').format(seconds);
      const minutes = Math.round(seconds / MINUTE);
      if (minutes < 60) return unit('minute').format(minutes);
      return `${unit('hour').format(Math.floor(minutes / 60))} ${unit('minute').format(minutes % 60)}`;
    },
  };
}

export const WordsContext = createContext<Words>(wordsIn('ru'));
export const useWords = (): Words => useContext(WordsContext);
