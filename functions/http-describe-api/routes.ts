import type { Route } from '../../lib/http/route.ts';
import { route as countFacets } from '../http-count-facets/route.ts';
import { route as createChat } from '../http-create-chat/route.ts';
import { route as deleteChat } from '../http-delete-chat/route.ts';
import { route as explainPlan } from '../http-explain-plan/route.ts';
import { route as getChat } from '../http-get-chat/route.ts';
import { route as getFullUpdate } from '../http-get-full-update/route.ts';
import { route as getHistory } from '../http-get-history/route.ts';
import { route as getStats } from '../http-get-stats/route.ts';
import { route as health } from '../http-health/route.ts';
import { route as listChats } from '../http-list-chats/route.ts';
import { route as listFullUpdates } from '../http-list-full-updates/route.ts';
import { route as receiveUpdates } from '../http-receive-updates/route.ts';
import { route as refreshParticipants } from '../http-refresh-participants/route.ts';
import { route as startFullUpdate } from '../http-start-full-update/route.ts';
import { route as updateChat } from '../http-update-chat/route.ts';
import { route as validateParticipants } from '../http-validate-participants/route.ts';
import { route as describeApi } from './route.ts';

/** All routes of the service, in the order of the OpenAPI document. A test compares them with `serverless.yml`. */
export const ROUTES: readonly Route[] = [
  listChats,
  countFacets,
  getChat,
  createChat,
  updateChat,
  deleteChat,
  refreshParticipants,
  getHistory,
  getStats,
  startFullUpdate,
  listFullUpdates,
  getFullUpdate,
  validateParticipants,
  explainPlan,
  receiveUpdates,
  health,
  describeApi,
];
