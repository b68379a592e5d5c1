/** The messages of the log, in one place: what they stand for doesn't change under a search or an alarm. */
export const LOG = {
  requestFailed: 'request failed',
  requestRefused: 'request refused',
  requestDone: 'request done',
  batchRefreshed: 'refresh message done',
  messageFailed: 'message failed',
  planned: 'stale chats planned',
  planSkipped: 'planning skipped',
  fullUpdatePlanned: 'full update planning',
  fullUpdateStarted: 'full update started',
  fullUpdateUnderWay: 'full update already under way',
  fullUpdateFinished: 'full update finished',
} as const;
