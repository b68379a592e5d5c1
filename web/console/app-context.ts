import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from './api/client.ts';
import type { Session } from './api/session.ts';

/** What every page of somebody who is signed in needs. */
export interface App {
  readonly api: Api;
  readonly session: Session;
  /** Says something to the person, and to screen readers. */
  readonly say: (message: string) => void;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('nobody is signed in');
  return app;
}
