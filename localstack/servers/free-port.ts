import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Returns a free loopback port. The kernel assigns ports in turn, so another process is unlikely to take it meanwhile. */
export const freePort = (): Promise<number> => tryPort(0);

/**
 * Returns the loopback port `wanted` if it is free; for 0 any free port.
 * @throws {Error} with code `EADDRINUSE` if it is in use.
 */
export async function tryPort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
