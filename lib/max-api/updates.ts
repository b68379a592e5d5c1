import * as z from 'zod';
import { parseJsonWithIds } from '../base/json.ts';

/**
 * Webhook deliveries from MAX, reduced to the fields that the service uses. The reduced form names no person, so no personal data
 * can reach a queue or a log. No update carries a count: it reports that a chat changed, but not by how much.
 */

const chatId = z.string().regex(/^-?[1-9]\d{0,18}$/);

export const chatUpdate = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('members_changed'), chat_id: chatId, at: z.number().int() }),
  z.object({ kind: z.literal('bot_added'), chat_id: chatId, at: z.number().int() }),
  z.object({ kind: z.literal('bot_removed'), chat_id: chatId, at: z.number().int() }),
  z.object({ kind: z.literal('title_changed'), chat_id: chatId, at: z.number().int(), title: z.string() }),
  /** `receives_membership_events`: whether the bot receives an event for each join and leave of the chat from now on. */
  z.object({
    kind: z.literal('permissions_changed'),
    chat_id: chatId,
    at: z.number().int(),
    receives_membership_events: z.boolean(),
  }),
]);

/** An update of a chat. `at`: Unix ms on MAX's clock. */
export type ChatUpdate = z.output<typeof chatUpdate>;

/** Deliveries carry more fields than MAX documents, so unknown fields are accepted. */
const delivery = z.looseObject({
  update_type: z.string().min(1).max(64),
  timestamp: z.number().int().nonnegative(),
  chat_id: z.union([z.bigint().transform(String).pipe(chatId), chatId]).nullish(),
  title: z.string().nullish(),
  is_admin: z.boolean().nullish(),
  permissions: z.array(z.string()).nullish(),
});

export type Delivery =
  | { readonly kind: 'update'; readonly type: string; readonly update: ChatUpdate }
  /** Valid, but the service does not use it: an unknown type, or a dialog. */
  | { readonly kind: 'nothing'; readonly type: string }
  /** Invalid. It is accepted nevertheless, because MAX repeats refused deliveries and finally removes the subscription. */
  | { readonly kind: 'not_understood'; readonly type: string; readonly fields: readonly string[] };

/** The types of updates that the service subscribes to. */
export const UPDATE_TYPES = [
  'bot_added',
  'bot_removed',
  'user_added',
  'user_removed',
  'chat_title_changed',
  'bot_admin_permissions_changed',
] as const;

/** The permission that a bot needs to receive events about joins and leaves. */
export const MEMBERSHIP_PERMISSION = 'read_all_messages';

/** Longest title that is passed on, UTF-16 units. Names are shorter, and a message of SQS is limited. */
const MAX_TITLE = 1_000;

const typeOnly = z.object({ update_type: z.string().regex(/^[\w.]{1,64}$/) });

/** Parses the body of a delivery. Chat ids are 64-bit integers and keep all their digits. */
export function readDelivery(text: string): Delivery {
  const body = parseJsonWithIds(text, 'chat_id');
  const parsed = delivery.safeParse(body);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'body');
    return { kind: 'not_understood', type: typeOnly.safeParse(body).data?.update_type ?? 'none', fields };
  }
  const { update_type: type, timestamp: at, title, is_admin, permissions } = parsed.data;
  const chat_id = parsed.data.chat_id ?? '';
  // Dialogs have positive ids. They always have two participants, so their events are not needed.
  if (!chat_id.startsWith('-')) return { kind: 'nothing', type };
  switch (type) {
    case 'user_added':
    case 'user_removed':
      return { kind: 'update', type, update: { kind: 'members_changed', chat_id, at } };
    case 'bot_added':
    case 'bot_removed':
      return { kind: 'update', type, update: { kind: type, chat_id, at } };
    case 'chat_title_changed':
      return title
        ? { kind: 'update', type, update: { kind: 'title_changed', chat_id, at, title: title.slice(0, MAX_TITLE) } }
        : { kind: 'nothing', type };
    case 'bot_admin_permissions_changed': {
      const receives_membership_events = is_admin === true && (permissions?.includes(MEMBERSHIP_PERMISSION) ?? false);
      return { kind: 'update', type, update: { kind: 'permissions_changed', chat_id, at, receives_membership_events } };
    }
    default:
      return { kind: 'nothing', type };
  }
}
