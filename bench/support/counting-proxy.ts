import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that counts requests by name. It reads only requests and changes nothing. */

export interface CountingProxy {
  readonly port: number;
  /** Returns the numbers of requests by name since the last call, and resets them. */
  take(): Record<string, number>;
  /** Bytes that the server has answered since they were last taken. */
  takeBytes(): number;
  stop(): void;
}

/** Finds the requests in the data of one client. It is called with each chunk. */
type Reader = (piece: Buffer) => string[];

/** Finds commands of Redis (arrays of bulk strings), by name. The name of a script includes the kind of its first key. */
export function redisCommands(): Reader {
  let rest: Buffer = Buffer.alloc(0);
  return (piece) => {
    rest = Buffer.concat([rest, piece]);
    const names: string[] = [];
    for (let from = 0; ; ) {
      const command = readCommand(rest, from);
      if (!command) {
        rest = rest.subarray(from);
        return names;
      }
      names.push(command.name);
      from = command.end;
    }
  };
}

function readCommand(bytes: Buffer, from: number): { readonly name: string; readonly end: number } | undefined {
  const numberAt = (at: number) => {
    const end = bytes.indexOf('\r\n', at);
    return end < 0 ? undefined : { value: Number(bytes.toString('latin1', at + 1, end)), next: end + 2 };
  };
  const count = numberAt(from);
  if (!count) return undefined;
  let name = '';
  let at = count.next;
  for (let i = 0; i < count.value; i += 1) {
    const length = numberAt(at);
    if (!length || length.next + length.value + 2 > bytes.length) return undefined;
    const text = () => bytes.toString('latin1', length.next, length.next + length.value);
    if (i === 0) name = text().toUpperCase();
    if (i === 3 && name.startsWith('EVAL')) name = `EVAL ${text().split(':')[0]}`;
    at = length.next + length.value + 2;
  }
  return { name, end: at };
}

/** Finds requests of AWS clients with the JSON protocol (DynamoDB, SQS), by operation. */
export const awsOperations = (): Reader => headerReader(/\r\nx-amz-target: *\w+\.(\w+)\r\n/gi);

/** Finds HTTP requests, by method. */
export const httpRequests = (): Reader => headerReader(/(?:^|\n)([A-Z]+) \/\S* HTTP\/1\.1\r\n/g);

/** Matches headers, which may be split between two chunks, and counts each match once. */
function headerReader(pattern: RegExp): Reader {
  let rest = '';
  return (piece) => {
    const text = rest + piece.toString('latin1');
    const found = [...text.matchAll(pattern)];
    const last = found.at(-1);
    // The end of the line may be the start of the next match.
    const seen = last ? last.index + last[0].length - 2 : 0;
    rest = text.slice(Math.max(seen, text.length - 1_024));
    return found.map(([, name = '']) => name);
  };
}

export async function startCountingProxy(targetPort: number, reader: () => Reader): Promise<CountingProxy> {
  const sockets = new Set<Socket>();
  let counts: Record<string, number> = {};
  let bytes = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    const read = reader();
    client.on('data', (piece) => {
      for (const name of read(piece)) counts[name] = (counts[name] ?? 0) + 1;
      target.write(piece);
    });
    target.on('data', (piece) => {
      bytes += piece.length;
      client.write(piece);
    });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = counts;
      counts = {};
      return taken;
    },
    takeBytes() {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
