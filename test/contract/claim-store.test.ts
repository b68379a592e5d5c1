import { beforeEach, describe, expect, inject, test } from 'vitest';
import { createDynamoClaimStore } from '../../lib/adapters/dynamodb/claim-store.ts';
import type { ClaimStore } from '../../lib/max-api/claims.ts';
import { connectDynamo, createDatabase } from '../support/dynamodb.ts';
import { createMemoryClaimStore } from '../support/memory/claim-store.ts';
import { T0 } from '../support/stores.ts';

const IMPLEMENTATIONS = [
  ['memory', async () => createMemoryClaimStore()],
  [
    'dynamodb',
    async () => createDynamoClaimStore(await createDatabase(connectDynamo(inject('dynamodbEndpoint'))), 'main'),
  ],
] as const;

describe.each(IMPLEMENTATIONS)('claims in %s', (_, open) => {
  let store: ClaimStore;
  beforeEach(async () => {
    store = await open();
  });

  test('the shared limiter gets the time until which environments without Redis send requests', async () => {
    expect(await store.claimShared(T0 + 6_000)).toBe(0);
    expect(await store.claimLocal(T0 + 20_000, T0 + 6_000)).toBe(0);
    expect(await store.claimShared(T0 + 21_000)).toBe(T0 + 20_000);
  });

  test("environments without Redis can't claim while the shared limiter is in use, but the shared limiter always can", async () => {
    await store.claimShared(T0 + 6_000);
    expect(await store.claimLocal(T0 + 9_000, T0 + 5_999)).toBe(T0 + 6_000);
    expect(await store.claimShared(T0 + 8_000)).toBe(0);
    expect(await store.claimLocal(T0 + 9_000, T0 + 6_000)).toBe(T0 + 8_000);
  });

  test('environments without Redis can claim repeatedly while the shared limiter is not in use', async () => {
    expect(await store.claimLocal(T0 + 6_000, T0)).toBe(0);
    expect(await store.claimLocal(T0 + 8_000, T0)).toBe(0);
  });
});
