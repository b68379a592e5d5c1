import * as z from 'zod';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, integerParam, timestamp } from '../../lib/http/route.ts';

export const route = defineRoute({
  method: 'GET',
  path: '/admin/participants/validate',
  summary: 'Compare a random sample of the shown counts with MAX; changes nothing',
  roles: ROLES,
  query: z.object({ sample_size: integerParam(1, 500).prefault('100') }),
  answers: {
    200: {
      description: 'The comparison; drift is what MAX says minus what is shown',
      schema: z.object({
        sample_size: z.number().int(),
        checked: z.number().int(),
        matched: z.number().int(),
        mismatched: z.number().int(),
        unavailable: z.number().int(),
        accuracy: z.number().nullable(),
        mean_abs_drift: z.number().nullable(),
        max_drift: z.number().int().nullable(),
        mismatches: z.array(
          z.object({
            chat_id: z.number().int(),
            shown: z.number().int().nullable(),
            actual: z.number().int(),
            drift: z.number().int(),
            participants_updated_at: timestamp.nullable(),
          }),
        ),
      }),
    },
  },
  problems: [409, 503],
});
