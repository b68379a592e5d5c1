import { ApiError } from '../api/client.ts';
import { useWords, type Words } from '../text/index.ts';
import { Icon } from './icons.tsx';

/** An error in words: what happened, what to do, and the request id. */
export interface Explained {
  readonly title: string;
  readonly advice: string;
  readonly requestId: string | undefined;
}

export function explain(error: unknown, { t }: Words): Explained {
  const { errors } = t;
  if (!(error instanceof ApiError))
    return { title: errors.other[0] ?? '', advice: String(error), requestId: undefined };
  const known: unknown = errors[error.kind as keyof typeof errors];
  const [title = '', advice = ''] = Array.isArray(known) ? (known as string[]) : gatewayWords(error, errors);
  const reason = errors.reasons[String(error.members.reason)];
  const retry = error.retryAfterS === undefined ? undefined : errors.retryIn(error.retryAfterS);
  return { title, advice: [reason, retry ?? advice].filter(Boolean).join(' '), requestId: error.requestId };
}

const gatewayWords = ({ status }: ApiError, errors: Words['t']['errors']): readonly string[] => {
  if (status === 429) return errors.tooMany;
  return status >= 500 ? errors.unavailable : errors.other;
};

export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const words = useWords();
  const { title, advice, requestId } = explain(error, words);
  return (
    <div class="failure" role="alert">
      <Icon name="warning" />
      <div>
        <strong>{title}</strong>
        <p>{advice}</p>
        {requestId && (
          <p class="quiet">
            {words.t.errors.requestId} <code>{requestId}</code>
          </p>
        )}
      </div>
      {retry && (
        <button type="button" class="button" onClick={retry}>
          {words.t.retry}
        </button>
      )}
    </div>
  );
}
