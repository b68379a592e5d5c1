import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A fault of the network, or of the server behind it. */
export type Fault =
  /** Everything arrives 200 ms later. */
  | 'latency'
  /** Connections are accepted and stay open, but no data arrives. */
  | 'hang'
  /** Connections are reset when the client sends data. */
  | 'reset'
  /** Nothing listens. */
  | 'down'
  /** The request arrives; the connection ends 2 s later without a response. */
  | 'slow close'
  /** Half of the first packet of a response arrives, then the connection ends. */
  | 'truncated';

export const FAULTS: readonly Fault[] = ['latency', 'hang', 'reset', 'down', 'slow close', 'truncated'];

export interface TcpProxy {
  readonly port: number;
  /** Keeps connections open and accepts new ones, but forwards nothing until `resume`. */
  hang(): void;
  resume(): void;
  /** Keeps the present connections open, but never forwards data over them again. New connections work. */
  cutOff(): void;
  /** Connects new clients to another server, like a DNS name that moves. Open connections stay with the old one. */
  moveTo(targetPort: number): void;
  /** Ends the open connections, and applies the fault to all new ones until it is `undefined` again. */
  fail(fault: Fault | undefined): Promise<void>;
  stop(): void;
}

const LATENCY_MS = 200;
const SLOW_CLOSE_MS = 2_000;

/** Stands between a client and a server on this machine, as a network that can fail. */
export async function startTcpProxy(firstTarget: number): Promise<TcpProxy> {
  let targetPort = firstTarget;
  const sockets = new Set<Socket>();
  let hanging = false;
  let fault: Fault | undefined;

  function join(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on('data', (data) => void to.write(data));
    if (hanging) from.pause();
    from.on('error', () => from.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  function failing(client: Socket): void {
    sockets.add(client);
    client.on('error', () => client.destroy());
    client.on('close', () => sockets.delete(client));
    if (fault === 'hang') client.resume();
    else if (fault === 'reset') client.once('data', () => client.resetAndDestroy());
    else if (fault === 'slow close') client.once('data', () => setTimeout(() => client.destroy(), SLOW_CLOSE_MS));
    else {
      const target = connect(targetPort, '127.0.0.1');
      target.on('error', () => target.destroy()).on('close', () => client.destroy());
      client.on('close', () => target.destroy());
      const wait = fault === 'latency' ? LATENCY_MS / 2 : 0;
      client.on('data', (data) => setTimeout(() => target.destroyed || target.write(data), wait));
      target.on('data', (data) => {
        if (fault === 'truncated') client.end(data.subarray(0, Math.ceil(data.length / 2)), () => client.destroy());
        else setTimeout(() => client.destroyed || client.write(data), wait);
      });
    }
  }

  const server = createServer((client) => {
    if (fault) {
      failing(client);
      return;
    }
    const target = connect(targetPort, '127.0.0.1');
    join(client, target);
    join(target, client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    hang() {
      hanging = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      hanging = false;
      for (const socket of sockets) socket.resume();
    },
    cutOff() {
      for (const socket of sockets)
        socket
          .removeAllListeners()
          .on('error', () => {})
          .resume();
    },
    moveTo(port) {
      targetPort = port;
    },
    async fail(next) {
      if (next === fault) return;
      fault = next;
      for (const socket of sockets) socket.destroy();
      if (next === 'down') await new Promise((closed) => server.close(closed));
      else if (!server.listening) await once(server.listen(port, '127.0.0.1'), 'listening');
    },
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
