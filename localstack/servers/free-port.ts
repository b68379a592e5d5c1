import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A loopback port nobody listens on now. The kernel hands them out in turn, so another taker is unlikely. */
export const freePort = (): Promise<number> => tryPort(0);

/** @throws {Error} with code `EADDRINUSE` when somebody listens at the loopback `port`. 0 is any free one. */
export async function tryPort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
