/**
 * Parses JSON and returns integers under the key `name` as BigInt, because a double loses digits of ids above 2^53. It needs the
 * source text of numbers, which `JSON.parse` passes to its reviver (ECMAScript, "JSON.parse source text access"; Node 21 and
 * later).
 * @returns `undefined` if the text is not JSON.
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
