import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chatUpdate, readDelivery as readText } from '../../lib/max-api/updates.ts';

const readDelivery = (body: unknown) => readText(JSON.stringify(body));

const base = { timestamp: 1_795_000_000_000, chat_id: -70_000_000_000_001, user: { user_id: 5, first_name: 'Анна' } };
const at = base.timestamp;
const chat_id = '-70000000000001';

describe('a delivery', () => {
  test.each([
    ['user_added', {}, { kind: 'members_changed', chat_id, at }],
    ['user_removed', { admin_id: 7 }, { kind: 'members_changed', chat_id, at }],
    ['bot_added', { is_channel: false }, { kind: 'bot_added', chat_id, at }],
    ['bot_removed', {}, { kind: 'bot_removed', chat_id, at }],
    ['chat_title_changed', { title: 'Новое' }, { kind: 'title_changed', chat_id, at, title: 'Новое' }],
    [
      'bot_admin_permissions_changed',
      { is_admin: true, permissions: ['read_all_messages'] },
      { kind: 'permissions_changed', chat_id, at, receives_membership_events: true },
    ],
    [
      'bot_admin_permissions_changed',
      { is_admin: true, permissions: null },
      { kind: 'permissions_changed', chat_id, at, receives_membership_events: false },
    ],
    [
      'bot_admin_permissions_changed',
      { is_admin: false, permissions: ['read_all_messages'] },
      { kind: 'permissions_changed', chat_id, at, receives_membership_events: false },
    ],
  ])('%s %o', (type, more, update) => {
    const delivery = readDelivery({ update_type: type, ...base, ...more, user_id: 5, 'user.name': 'x' });
    expect(delivery).toEqual({ kind: 'update', type, update });
  });

  test('with a title too long for a message is cut', () => {
    const { update } = readDelivery({ update_type: 'chat_title_changed', ...base, title: 'я'.repeat(1_000_000) }) as {
      update?: { title?: string };
    };
    expect(update?.title).toBe('я'.repeat(1_000));
  });

  test.each(['bot_started', 'message_created', 'something_new'])('%s is not used', (type) => {
    expect(readDelivery({ update_type: type, ...base })).toEqual({ kind: 'nothing', type });
  });

  test.each([{}, { title: null }, { title: '' }])('about a new title is not used without the title: %j', (more) => {
    const type = 'chat_title_changed';
    expect(readDelivery({ update_type: type, ...base, ...more })).toEqual({ kind: 'nothing', type });
  });

  test('of no chat is not used', () => {
    const { chat_id: _, ...rest } = base;
    expect(readDelivery({ update_type: 'user_added', ...rest })).toEqual({ kind: 'nothing', type: 'user_added' });
  });

  test('of a dialog is not used', () => {
    expect(readDelivery({ update_type: 'user_added', ...base, chat_id: 12 })).toMatchObject({ kind: 'nothing' });
  });

  test.each([
    ['null', 'none', ['body']],
    ['[]', 'none', ['body']],
    ['"user_added"', 'none', ['body']],
    ['', 'none', ['body']],
    ['{"update_type":', 'none', ['body']],
    [JSON.stringify(base), 'none', ['update_type']],
    ['{"update_type":"user_added","chat_id":-1}', 'user_added', ['timestamp']],
    [JSON.stringify({ update_type: 'user_added', ...base, chat_id: -1.5 }), 'user_added', ['chat_id']],
    [JSON.stringify({ update_type: 'user_added', ...base, permissions: ['a', 1] }), 'user_added', ['permissions.1']],
    [JSON.stringify({ update_type: 'x y\n', chat_id: -1 }), 'none', ['timestamp']],
  ])('%j is invalid', (text, type, fields) => {
    expect(readText(text)).toEqual({ kind: 'not_understood', type, fields });
  });

  test.each(['-9007199254740993', '-9223372036854775808', '"-9007199254740993"'])('keeps all digits of %s', (id) => {
    const text = `{"update_type":"user_added","timestamp":1,"chat_id":${id}}`;
    expect(readText(text)).toMatchObject({ update: { chat_id: id.replaceAll('"', '') } });
  });

  test('of any form is parsed without an error, and names no person', () => {
    fc.assert(
      fc.property(
        fc.object({ key: fc.constantFrom('update_type', 'timestamp', 'chat_id', 'title', 'user') }),
        (body) => {
          const delivery = readDelivery(body);
          if (delivery.kind === 'update') expect(chatUpdate.parse(delivery.update)).toEqual(delivery.update);
        },
      ),
    );
    const delivery = readDelivery({ update_type: 'user_added', ...base });
    expect(JSON.stringify(delivery)).not.toContain('Анна');
  });
});
