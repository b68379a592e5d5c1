/**
 * Bodies of MAX's responses about a chat. They are computed from the seed on each request, because 150,000 bodies don't fit in
 * memory.
 */
import { hash, share } from './random.ts';

declare global {
  interface JSON {
    /** Writes a number above 2^53 exactly. In V8 since Node 21, but not yet in TypeScript's library. */
    rawJSON(text: string): unknown;
  }
}

export type ChatType = 'dialog' | 'chat' | 'channel';
/** `reader`: an administrator with `read_all_messages`. Only a bot with this role receives membership events. */
export type BotRole = 'member' | 'admin' | 'reader';

/** The stored facts about a chat. All other data of the chat follow from `seed` and `index`. */
export interface ChatFacts {
  readonly seed: number;
  readonly index: number;
  readonly id: number;
  readonly type: ChatType;
  readonly count: number;
  /** How often the chat was renamed. */
  readonly renamed: number;
  readonly role: BotRole;
  /** Why the chat is gone; `null` if it is not. */
  readonly gone: string | null;
  readonly lastEventMs: number;
  /** Messages so far; the last of them came at `lastEventMs` or before. */
  readonly messages: number;
}

export interface User {
  readonly user_id: number;
  readonly first_name: string;
  readonly is_bot: boolean;
  readonly [field: string]: unknown;
}

export const botId = 500_000_001;

/** Largest number of members in a body. Larger bodies would only make tests slower. */
const mostListed = 5_000;

// One salt for each field. The world (world.ts) uses 0–19.
const salt = {
  department: 20,
  kind: 21,
  number: 22,
  year: 23,
  subject: 24,
  member: 25,
  icon: 26,
  link: 27,
  description: 28,
  map: 29,
  pinned: 30,
  extras: 31,
  firstName: 32,
  lastName: 33,
  activity: 34,
  university: 35,
} as const;

const departments = [
  { name: 'Институт информационных технологий', group: 'ИВТ', chair: 'Кафедра вычислительной техники' },
  { name: 'Институт информационных технологий', group: 'ПИ', chair: 'Кафедра программной инженерии' },
  { name: 'Физический факультет', group: 'ФИЗ', chair: 'Кафедра общей физики' },
  { name: 'Механико-математический факультет', group: 'ММ', chair: 'Кафедра математического анализа' },
  { name: 'Факультет экономики и управления', group: 'ЭК', chair: 'Кафедра менеджмента' },
  { name: 'Юридический факультет', group: 'ЮР', chair: 'Кафедра гражданского права' },
  { name: 'Филологический факультет', group: 'ФЛ', chair: 'Кафедра русского языка и литературы' },
  { name: 'Химический факультет', group: 'ХМ', chair: 'Кафедра органической химии' },
  { name: 'Медицинский институт', group: 'ЛД', chair: 'Кафедра анатомии человека' },
  { name: 'Строительный институт', group: 'СТР', chair: 'Кафедра железобетонных конструкций' },
] as const;
const firstNames = ['Анна', 'Иван', 'Мария', 'Пётр', 'Ольга', 'Дмитрий', 'Елена', 'Алексей', 'Юлия', 'Сергей'] as const;
const lastNames = ['Ким', 'Шевченко', 'Гайдай', 'Черных', 'Седых', 'Дурново', 'Мицкевич', 'Живаго'] as const;

function pick<const T extends readonly [unknown, ...unknown[]]>(list: T, seed: number, index: number, which: number) {
  return (list[hash(seed, index, which) % list.length] ?? list[0]) as T[number];
}

function yes(chat: ChatFacts, which: number, probability: number): boolean {
  return share(chat.seed, chat.index, which) < probability;
}

export function departmentOf(seed: number, index: number): string {
  return pick(departments, seed, index, salt.department).name;
}

/** Returns the university of a chat: 1, 2 or 3. Each department belongs to one university. */
export function universityOf(seed: number, index: number): number {
  return 1 + (hash(seed, hash(seed, index, salt.department) % departments.length, salt.university) % 3);
}

/** Returns the name of a chat. A dialog has no name in MAX, so it gets the name of the person. */
export function titleOf(chat: Pick<ChatFacts, 'seed' | 'index' | 'type' | 'renamed'>): string {
  const { seed, index, type, renamed } = chat;
  const draw = (which: number, choices: number) => hash(seed, index, which) % choices;
  const { name, group, chair } = pick(departments, seed, index, salt.department);
  const number = 1 + draw(salt.number, 9);
  const year = 19 + draw(salt.year, 8);
  const kind = draw(salt.kind, 100);
  const suffix = renamed === 0 ? '' : ` (${renamed + 1})`;
  if (type === 'dialog') {
    const { first_name, last_name } = userOf(seed, memberId(seed, index, 1));
    return `${first_name} ${last_name ?? ''}`.trim();
  }
  if (type === 'channel') return `${name}: ${kind < 70 ? 'новости' : 'объявления'} ${number}${suffix}`;
  if (kind < 65) return `Группа ${group}-${year}-${number}${suffix}`;
  if (kind < 80) return `${chair}, курс ${1 + draw(salt.subject, 5)}${suffix}`;
  if (kind < 90) return `Общежитие № ${1 + draw(salt.subject, 24)}, этаж ${number}${suffix}`;
  return `Абитуриенты ${2000 + year} — ${name}${suffix}`;
}

export function linkOf(seed: number, index: number): string {
  return `https://max.ru/join/${hash(seed, index, salt.link).toString(36)}${index.toString(36)}`;
}

/** Returns the id of a chat's n-th member: 0 is the bot, 1 is the owner. All members of a chat have different ids. */
export function memberId(seed: number, index: number, seat: number): number {
  if (seat === 0) return botId;
  return 1_000_000_000 + ((Math.imul(seat, 0x9e3779b1) ^ hash(seed, index, salt.member)) >>> 0);
}

/** Returns a person in the form of MAX. Some have fields that MAX does not document. */
export function userOf(seed: number, userId: number): User {
  const first = pick(firstNames, seed, userId, salt.firstName);
  const last = pick(lastNames, seed, userId, salt.lastName);
  const style = hash(seed, userId, salt.extras) % 4;
  return {
    user_id: userId,
    first_name: first,
    ...(style === 0 ? {} : { last_name: style === 1 ? null : last }),
    ...(style === 2 ? { username: `user${userId}` } : {}),
    is_bot: userId === botId,
    ...(style === 3 ? { name: `${first} ${last}`, avatar_url: `https://i.max.ru/a/${userId}.jpg` } : {}),
  };
}

/** Returns the body of `GET /chats/{chatId}`, as an object that `JSON.stringify` writes exactly. */
export function chatBody(chat: ChatFacts): Record<string, unknown> {
  const { seed, index, id, type, role, lastEventMs } = chat;
  const isPublic = type === 'channel' && yes(chat, salt.link, 0.5);
  const body: Record<string, unknown> = {
    chat_id: id,
    type,
    status: chat.gone ?? 'active',
    title: type === 'dialog' ? null : titleOf(chat),
    last_event_time: lastEventMs,
    participants_count: chat.gone === null ? chat.count : 0,
    is_public: isPublic,
    link: isPublic ? linkOf(seed, index) : null,
  };
  if (type === 'dialog') body.dialog_with_user = userOf(seed, memberId(seed, index, 1));
  if (yes(chat, salt.icon, 0.6)) body.icon = { url: `https://i.max.ru/i/${hash(seed, index, salt.icon)}.webp` };
  if (yes(chat, salt.description, 0.4)) body.description = `${departmentOf(seed, index)}. «Важное» — в закрепе.\n🎓`;
  if (yes(chat, salt.extras, 0.3)) {
    body.messages_count = (hash(seed, index, salt.activity) % 100_000) + chat.messages;
    body.participants_limit = 20_000;
    body.options = { sign_admin: true, only_admins_write: type === 'channel' };
  }
  if (role !== 'member' && type !== 'dialog') {
    body.owner_id = memberId(seed, index, 1);
    if (yes(chat, salt.map, 0.5)) {
      const participants: Record<string, number> = {};
      for (let seat = 0; seat < Math.min(chat.count, mostListed); seat += 1) {
        const userId = memberId(seed, index, seat);
        participants[userId] = lastEventMs - (hash(seed, userId, salt.activity) % 604_800_000);
      }
      body.participants = participants;
    }
  }
  if (yes(chat, salt.pinned, 0.2)) {
    const seq = 116_000_000_000_000_001n + BigInt(hash(seed, index, salt.pinned)) * 2n;
    body.pinned_message = {
      timestamp: lastEventMs,
      recipient: { chat_id: id, chat_type: type, user_id: null },
      sender: userOf(seed, memberId(seed, index, 1)),
      body: {
        mid: `mid.${seq.toString(16)}`,
        seq: JSON.rawJSON(String(seq)),
        text: 'Расписание сессии',
        attachments: null,
      },
    };
  }
  return body;
}

/** Returns the permissions of the bot's role; null if the bot is no administrator. */
export function permissionsOf(role: BotRole): readonly string[] | null {
  switch (role) {
    case 'member':
      return null;
    case 'admin':
      return ['write', 'pin_message'];
    case 'reader':
      return ['read_all_messages', 'add_remove_members', 'write', 'pin_message'];
  }
}

/** Returns the body of `GET /chats/{chatId}/members/me`. */
export function membershipBody(chat: ChatFacts): Record<string, unknown> {
  return {
    ...userOf(chat.seed, botId),
    first_name: 'Участники',
    username: 'participants_bot',
    is_owner: false,
    is_admin: chat.role !== 'member',
    permissions: permissionsOf(chat.role),
    join_time: 1_767_225_600_000 + (hash(chat.seed, chat.index, salt.activity) % 10_000_000) * 1_000,
    last_access_time: chat.lastEventMs,
    last_activity_time: chat.lastEventMs,
  };
}
