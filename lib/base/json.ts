/**
 * Parses JSON with the integers under `name` as BigInt: as a double, an id above 2^53 would lose digits. `JSON.parse` hands its
 * reviver the source text of a number (ECMAScript, "JSON.parse source text access"; Node 21 and later).
 * @returns `undefined` for text that is not JSON.
 */
export function parseJsonWithIds(text: string, name: string): unknown {
  const keepDigits = (key: string, value: unknown, context?: { readonly source?: string }) => {
    const { source = '' } = context ?? {};
    return key === name && typeof value === 'number' && /^-?\d+$/.test(source) ? BigInt(source) : value;
  };
  try {
    return JSON.parse(text, keepDigits);
  } catch {
    return undefined;
  }
}
