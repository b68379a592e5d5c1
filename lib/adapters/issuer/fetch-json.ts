import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Longest time for DNS, TCP and TLS, ms. */
const CONNECT_TIMEOUT_MS = 1_000;
/** Longest silence on the connection, ms. */
const SILENCE_TIMEOUT_MS = 1_500;
/** Longest time for the whole fetch, ms. The first request of an environment waits for it. */
const TOTAL_TIMEOUT_MS = 3_000;
/** Largest response. A key set has a few kilobytes. */
const MAX_BODY_BYTES = 256 * 1_024;

/**
 * Fetches a JSON document over a new connection, without following redirects. Round trips: 1 GET.
 * @throws {Error} unless a 200 with JSON arrives within the time limits.
 */
export function fetchJson(url: URL): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const request = (secure ? httpsRequest : httpRequest)(
      url,
      {
        agent: false,
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(TOTAL_TIMEOUT_MS),
        timeout: SILENCE_TIMEOUT_MS,
      },
      (response) => {
        if (response.statusCode !== 200) {
          request.destroy(new Error(`status ${response.statusCode} instead of 200`));
          return;
        }
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_BODY_BYTES) request.destroy(new Error(`more than ${MAX_BODY_BYTES} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
          } catch {
            reject(new Error('the answer is not JSON'));
          }
        });
      },
    );
    request.on('socket', (socket) => {
      const timer = setTimeout(() => request.destroy(new Error('no connection in time')), CONNECT_TIMEOUT_MS);
      socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(timer));
      request.once('close', () => clearTimeout(timer));
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
    request.end();
  });
}
