import { useEffect, useState } from 'preact/hooks';

/** Chooses the page by the fragment of the address: `#/chats/12?search=…`. */
export interface Place {
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

function currentPlace(): Place {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean), query: new URLSearchParams(query) };
}

export function usePlace(): Place {
  const [place, setPlace] = useState(currentPlace);
  useEffect(() => {
    const follow = () => setPlace(currentPlace());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return place;
}

/** Replaces the query of the page without a new entry in the history. */
export function replaceQuery(query: URLSearchParams): void {
  const [path = ''] = location.hash.split('?');
  const text = query.toString();
  history.replaceState(null, '', `${path || '#/'}${text ? `?${text}` : ''}`);
}
