import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from './api/client.ts';
import type { Session } from './api/session.ts';

/** The values that every page of a signed-in person needs. */
export interface App {
  readonly api: Api;
  readonly session: Session;
  /** Shows a message, also to screen readers. */
  readonly say: (message: string) => void;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('nobody is signed in');
  return app;
}
