/**
 * What must happen before Lambda may freeze the environment. A part registers it where it is made; `instrumented` runs it after
 * every invocation, failed ones too.
 */
const flushes = new Set<() => Promise<void>>();

/** @param flush runs after every invocation from now on; must not reject. */
export function flushAfterInvocations(flush: () => Promise<void>): void {
  flushes.add(flush);
}

export async function flushParts(): Promise<void> {
  await Promise.all([...flushes].map((flush) => flush()));
}
