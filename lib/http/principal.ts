import * as z from 'zod';
import type { Chat, Scope } from '../chats/chat.ts';
import { Problem } from './problem.ts';

/** The authenticated caller. Access is denied by default: a token with an unknown or incomplete claim allows nothing. */

export const ROLES = ['superadmin', 'curator', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** A number, or text of digits. Other values that JavaScript would convert to a number, like `true` or `[7]`, are refused. */
const universityId = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,16}$/)
      .transform(Number),
  ])
  .pipe(z.number().int().positive().max(Number.MAX_SAFE_INTEGER));
const subject = z.string().min(1);

/** The claims that a token must contain: a known role and, except for superadmins, the caller's university. */
export const principalSchema = z.discriminatedUnion('role', [
  z.object({ role: z.literal('superadmin'), subject }),
  z.object({ role: z.literal('curator'), subject, university_id: universityId }),
  z.object({ role: z.literal('operator'), subject, university_id: universityId }),
]);

export type Principal = z.output<typeof principalSchema>;

export const scopeOf = (principal: Principal): Scope =>
  principal.role === 'superadmin' ? 'all' : { universityId: principal.university_id };

/**
 * Returns the scope of a request that may name a university. Without one, it is all that the principal may see.
 * @throws {Problem} 403 for a university that is not the principal's.
 */
export function scopeIn(principal: Principal, universityId: number | undefined): Scope {
  if (universityId === undefined) return scopeOf(principal);
  if (principal.role !== 'superadmin' && principal.university_id !== universityId) {
    const own = principal.university_id;
    throw new Problem('forbidden', { detail: `university_id must be ${own}, your own university, or be left out.` });
  }
  return { universityId };
}

/** Returns whether the principal may see the chat. */
export const maySee = (principal: Principal, chat: Pick<Chat, 'universityId'>): boolean =>
  principal.role === 'superadmin' || principal.university_id === chat.universityId;

/** @throws {Problem} 403 unless the role is one of `roles`. */
export function requireRole(principal: Principal, roles: readonly Role[]): void {
  if (!roles.includes(principal.role)) {
    throw new Problem('forbidden', { detail: `This needs the role ${roles.join(' or ')}.` });
  }
}

/** @throws {Problem} 403 if the principal belongs to one university, and the chat to another or to none. */
export function requireOwnUniversity(principal: Principal, universityId: number | null): void {
  if (principal.role !== 'superadmin' && principal.university_id !== universityId) {
    throw new Problem('forbidden', {
      detail: `university_id must be ${principal.university_id}, your own university.`,
    });
  }
}
