import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Keeps connections open, takes new ones, and passes nothing on; what was sent arrives behind `resume`. */
  hang(): void;
  resume(): void;
  /** Passes nothing on over the connections that are open now, for ever, and keeps them open; new connections work. */
  cutOff(): void;
  stop(): void;
}

/** Stands between a client and a server on this machine, as a network that can fail. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let hanging = false;

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

  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    join(client, target);
    join(target, client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
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
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
