import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * The code in an execution environment. It imports the handler once, then handles one event after another. It is JavaScript,
 * because Node's TypeScript loader would take 6 MB in each environment.
 *
 * @import { EventMessage, WorkerData, WorkerMessage } from './environment.ts'
 */

const port = parentPort;
if (!port) throw new Error('worker.js must run in a worker thread');

/** @type {WorkerData} */
const { file, exportName } = workerData;
const handler = (await import(pathToFileURL(file).href))[exportName];
if (typeof handler !== 'function') throw new Error(`${file} exports no function "${exportName}"`);

port.on('message', async (/** @type {EventMessage} */ { event, context, deadlineMs }) => {
  port.postMessage(
    await answer(event, { ...context, getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()) }),
  );
});
port.postMessage({ type: 'ready' });

/**
 * @param {string} event
 * @param {object} context
 * @returns {Promise<WorkerMessage>}
 */
async function answer(event, context) {
  try {
    // Like Lambda: a value that is not valid JSON is an error, and `undefined` becomes null.
    const value = await handler(JSON.parse(event), context);
    return { type: 'value', value: JSON.stringify(value) ?? 'null' };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { type: 'error', errorType: error.name, errorMessage: error.message, stack: error.stack ?? '' };
  }
}
