import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Child processes of the benchmark. A child sends `ready`, and then answers every message with one message. */

export interface Child {
  ask<A>(message: unknown): Promise<A>;
  stop(): Promise<void>;
}

const LUA_AS_TEXT = fileURLToPath(new URL('../../localstack/lua-as-text.ts', import.meta.url));

/** Starts a child process. @param options override the defaults: no input and output except errors, and the same environment. */
export async function startChild(script: string, args: readonly string[], options: ForkOptions = {}): Promise<Child> {
  const child = fork(script, args, {
    execArgv: ['--import', LUA_AS_TEXT],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    ...options,
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  await answer(child);
  return {
    async ask<A>(message: unknown) {
      const answered = answer(child);
      child.send(message as object);
      return (await answered) as A;
    },
    async stop() {
      process.off('exit', end);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const end = once(child, 'exit', { signal: ended.signal }).then(([code, signal]) => {
    throw new Error(`a child ended before it answered: ${code ?? signal}`);
  });
  const [message] = await Promise.race([once(child, 'message', { signal: ended.signal }), end]);
  ended.abort();
  end.catch(() => {});
  return message;
}

/** Answers the messages of the parent. The script of a child calls it. */
export function answering<M>(answerTo: (message: M) => Promise<unknown> | unknown): void {
  process.on('message', async (message) => process.send?.(await answerTo(message as M)));
  process.send?.('ready');
}
