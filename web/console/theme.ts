import { useEffect, useState } from 'preact/hooks';

/** Light or dark: the system's theme, or the chosen one. The style sheet uses the page's `data-theme`. */

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'chat-participants.theme';
const CHANGED = 'themechange';

function chosenTheme(): Theme {
  const chosen = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === chosen) ?? 'auto';
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = chosenTheme();
}

export function keepTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  applyTheme();
  dispatchEvent(new Event(CHANGED));
}

export function useTheme(): Theme {
  const [theme, setTheme] = useState(chosenTheme);
  useEffect(() => {
    const follow = () => setTheme(chosenTheme());
    addEventListener(CHANGED, follow);
    return () => removeEventListener(CHANGED, follow);
  }, []);
  return theme;
}
