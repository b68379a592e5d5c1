/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: pieces of code */
/**
 * Faults put into the service one at a time, to see that the simulation finds each of them. A mutant replaces one piece of one
 * file; a test checks that every piece is there exactly once.
 */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const counts = 'test/support/memory/count-store.ts';
const chats = 'test/support/memory/chat-store.ts';
const runs = 'test/support/memory/run-store.ts';
const redis = 'lib/adapters/redis';
const refreshing = 'lib/refreshing';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the store takes a count for another MAX id',
    file: counts,
    from: "if (!before || before.chat.maxChatId !== maxChatId) return { kind: 'superseded' };",
    to: "if (!before) return { kind: 'superseded' };",
  },
  {
    name: 'the store takes an older answer',
    file: counts,
    from: "if (before.checkedAt !== null && before.checkedAt >= askedAt) return { kind: 'superseded' };",
    to: '',
  },
  {
    name: 'a chat that was read is not due again',
    file: counts,
    from: "dueAt: reading.kind === 'count' ? dueAt : undefined,",
    to: 'dueAt: undefined,',
  },
  {
    name: 'a chat that is unavailable stays due',
    file: counts,
    from: "dueAt: reading.kind === 'count' ? dueAt : undefined,",
    to: 'dueAt,',
  },
  {
    name: 'the status of an answer is not stored',
    file: counts,
    from: "const status = reading.kind === 'count' ? 'active' : reading.status;",
    to: 'const status = before.chat.status;',
  },
  {
    name: 'a count that was dropped leaves the chat as it was',
    file: chats,
    from: 'byId.set(id, { ...before, chat, ...(countDropped ? forgotten : {}) });',
    to: 'byId.set(id, { ...before, chat });',
  },
  {
    name: 'a new MAX id does not make the chat due',
    file: chats,
    from: 'dueAt: chat.maxChatId === null ? undefined : at };\n      byId.set(id, { ...before',
    to: 'dueAt: undefined };\n      byId.set(id, { ...before',
  },
  {
    name: 'an edited chat may take the MAX id of another',
    file: chats,
    from: "if (by !== undefined && by !== id) return { kind: 'max_chat_id_taken', by };",
    to: '',
  },
  {
    name: 'a new chat may take the MAX id of another',
    file: chats,
    from: "if (by !== undefined) return { kind: 'max_chat_id_taken', by };\n      return { kind: 'created'",
    to: "return { kind: 'created'",
  },
  {
    name: 'a count brings back a chat that was deleted',
    file: counts,
    from: "if (!before || before.chat.maxChatId !== maxChatId) return { kind: 'superseded' };",
    to: "if (!before) byId.set(id, { chat: { id, maxChatId } } as never);\n      if (!before || before.chat.maxChatId !== maxChatId) return { kind: 'superseded' };",
  },
  {
    name: 'a part of a run is booked twice',
    file: runs,
    from: 'if (booked) return booked;',
    to: '',
  },
  {
    name: 'the planning of a run advances from anywhere',
    file: runs,
    from: 'if (run?.cursor !== from) return false;',
    to: 'if (!run) return false;',
  },
  {
    name: 'the remainder of a part has the name of the part',
    file: `${refreshing}/refresh-batch.ts`,
    from: 'const run = message.run && { ...message.run, part: nextPart(message.run.part) };',
    to: 'const run = message.run;',
  },
  {
    name: 'the remainder of a message is lost',
    file: `${refreshing}/refresh-batch.ts`,
    from: 'if (rest.length > 0) {',
    to: 'if (rest.length > 0 && !message.run) {',
  },
  {
    name: 'a part is booked after its remainder was sent, under the name of a new one each time',
    file: `${refreshing}/refresh-batch.ts`,
    from: 'deps.runStore.book(message.run.id, message.run.part,',
    to: 'deps.runStore.book(message.run.id, `${message.run.part}${deps.random()}`,',
  },
  {
    name: 'chats without a permit are forgotten',
    file: `${refreshing}/refresh-batch.ts`,
    from: 'throttledForMs = Math.max(throttledForMs, outcome.retryAfterMs ?? 0);\n          remaining.push(id);',
    to: 'throttledForMs = Math.max(throttledForMs, outcome.retryAfterMs ?? 0);',
  },
  {
    name: 'superseded chats are not counted as done',
    file: `${refreshing}/refresh-batch.ts`,
    from: 'tally[outcome.kind] += 1;\n          break;',
    to: 'tally[outcome.kind] += 1;\n          return;',
  },
  {
    name: 'a request asks without a permit when it is repeated',
    file: `${refreshing}/request-max.ts`,
    from: 'const refusal = await waitForPermit(options);',
    to: 'const refusal = attempt === 0 ? await waitForPermit(options) : undefined;',
  },
  {
    name: 'a reading carries the time of its answer',
    file: `${refreshing}/request-max.ts`,
    from: "return { kind: 'answered', answer: answer as Exclude<A, MaxError>, askedAt };",
    to: "return { kind: 'answered', answer: answer as Exclude<A, MaxError>, askedAt: clock.now() };",
  },
  {
    name: 'a refresh is answered with what was read before it',
    file: `${refreshing}/refresh-one.ts`,
    from: 'if (now.checkedAt === null || now.checkedAt < arrivedAt) return undefined;',
    to: 'if (now.checkedAt === null) return undefined;',
  },
  {
    name: 'a refresh that was superseded is called updated with its own count',
    file: `${refreshing}/refresh-chat.ts`,
    from: "if (applied.kind === 'superseded') return applied;",
    to: "if (applied.kind === 'superseded' && reading.kind === 'unavailable') return applied;",
  },
  {
    name: 'the cache is written before the durable store',
    file: `${refreshing}/refresh-chat.ts`,
    from: 'const applied = await countStore.apply(chat, reading, { ...next, askedAt });',
    to: "if (reading.kind === 'count') await cache.putMany(new Map([[chat.id, { count: reading.count, updatedAt: new Date(askedAt).toISOString(), source: 'api' as const, maxChatId: chat.maxChatId }]]));\n    const applied = await countStore.apply(chat, reading, { ...next, askedAt });",
  },
  {
    name: 'the cache does not say of which MAX id a count is',
    file: `${refreshing}/refresh-chat.ts`,
    from: 'maxChatId: chat.maxChatId, ...trusted',
    to: '...trusted',
  },
  {
    name: 'readers take a cached count of another MAX id',
    file: 'lib/listing/view-counts.ts',
    from: 'return hit?.maxChatId === undefined || hit.maxChatId === maxChatId ? hit : undefined;',
    to: 'return maxChatId === undefined ? undefined : hit;',
  },
  {
    name: 'the cache takes an older count',
    file: `${redis}/put-newer-n.lua`,
    from: 'if not newest or updated_at > newest then',
    to: 'if true then',
  },
  {
    name: 'a lease to fetch has no end',
    file: `${redis}/take-fetching-1.lua`,
    from: "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])",
    to: "redis.call('SET', KEYS[1], ARGV[1])",
  },
  {
    name: 'a lease to queue has no end',
    file: `${redis}/take-queued-n.lua`,
    from: "redis.call('SET', key, 'queued', 'NX', 'PX', ARGV[1])",
    to: "redis.call('SET', key, 'queued', 'NX')",
  },
  {
    name: 'the shared limiter puts starts twice as close',
    file: 'lib/max-api/pace.ts',
    from: 'return windowMs / rps;',
    to: 'return windowMs / rps / 2;',
  },
  {
    name: 'environments without Redis take the whole rate',
    file: 'lib/max-api/pace.ts',
    from: 'const perWindow = rps * share;',
    to: 'const perWindow = rps * Math.ceil(share);',
  },
  {
    name: 'a limiter that lost its state grants at once',
    file: `${redis}/acquire-permit-1.lua`,
    from: 'if s.warmup > 0 then',
    to: 'if false then',
  },
  {
    name: 'environments without Redis ask nobody',
    file: `${redis}/permits.ts`,
    from: 'return now < from ? waitUntil(from, request) : local.take(request, now, Number.POSITIVE_INFINITY);',
    to: 'return from < 0 ? waitUntil(from, request) : local.take(request, now, Number.POSITIVE_INFINITY);',
  },
  {
    name: 'a late permit is used',
    file: 'lib/max-api/lanes.ts',
    from: 'if (now > slot + pace.latestStartMs) {',
    to: 'if (slot < 0) {',
  },
  {
    name: 'a page of a full update that is planned again is read again',
    file: runs,
    from: 'const saved = pages.get(runId) ?? page;',
    to: 'const saved = page;',
  },
  {
    name: 'the chats of a full update that can not be read are not counted',
    file: 'lib/scheduling/full-update.ts',
    from: 'const added = { planned: page.planned, unavailable: page.planned - page.ids.length };',
    to: 'const added = { planned: page.planned, unavailable: 0 };',
  },
  {
    name: 'parts of a run begin with the same number on every page',
    file: 'lib/scheduling/full-update.ts',
    from: 'part: `${at}.${i}`',
    to: 'part: `${at}`',
  },
  {
    name: 'a full update is planned only once',
    file: 'lib/scheduling/full-update.ts',
    from: 'if (started || run.cursor !== null) await',
    to: 'if (started && run.cursor === null) await',
  },
  {
    name: 'a chat that failed waits for ever',
    file: `${refreshing}/refresh-batch.ts`,
    from: 'await deps.countStore.postpone(failed, clock.now() + deps.settings.freshMs);',
    to: 'await deps.countStore.postpone(failed, clock.now() + 1e12);',
  },
  {
    name: 'what is read is due a year later',
    file: `${refreshing}/refresh-chat.ts`,
    from: 'const applied = await countStore.apply(chat, reading, { ...next, askedAt });',
    to: 'const applied = await countStore.apply(chat, reading, { ...next, dueAt: next.dueAt + 3e10, askedAt });',
  },
  {
    name: 'the background sync sends nothing',
    file: 'lib/scheduling/plan-stale.ts',
    from: 'const chosen = bypass ? selection.read : [...selection.first, ...selection.read];',
    to: 'const chosen = bypass ? selection.read : [];',
  },
  {
    name: 'a bot that was removed leaves its chat active',
    file: 'lib/events/apply-updates.ts',
    from: "await deps.applyAnswer({ id, maxChatId }, { kind: 'denied' }, membership.at);",
    to: "await deps.applyAnswer({ id, maxChatId }, { kind: 'count', count: 0 }, membership.at);",
  },
];
