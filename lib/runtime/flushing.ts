/**
 * Work that must be done before Lambda may freeze the environment. A part registers it at its creation. `instrumented` runs it
 * after every invocation, including failed ones.
 */
const flushes = new Set<() => Promise<void>>();

/** Registers `flush`, which runs after every invocation from now on. It must not reject. */
export function flushAfterInvocations(flush: () => Promise<void>): void {
  flushes.add(flush);
}

export async function flushParts(): Promise<void> {
  await Promise.all([...flushes].map((flush) => flush()));
}
