/**
 * Every metric of the service. Dashboards and alarms are compared with this list, so that none looks at a name that
 * nobody emits.
 */
export const METRICS = {
  /** Hits of one page's lookups, %. Alarms and dashboards divide the sums of the next two instead: so a page of a hundred weighs more. */
  cacheHitRate: 'participants_cache_hit_rate',
  cacheLookups: 'participants_cache_lookups',
  cacheHits: 'participants_cache_hits',
  cacheStaleHits: 'participants_cache_stale_hits',
  /** Milliseconds from the decision to refresh a chat to its written count, waiting for the permit included. */
  updateDuration: 'participants_update_duration',
  maxRequests: 'participants_max_api_requests',
  maxLatency: 'participants_max_api_latency',
  /** Emitted for all errors together and once more with the dimension `kind`. */
  maxErrors: 'participants_max_api_errors',
  permitsGranted: 'participants_permits_granted',
  permitWait: 'participants_permit_wait',
  staleDataCount: 'participants_stale_data_count',
  oldestCountAge: 'participants_oldest_count_age',
  fresherThanHour: 'participants_fresher_than_hour',
  /** One for each background sync that went through, also when it found the last plan still queued: its sign of life. */
  syncsDone: 'participants_syncs_done',
  chatsPlanned: 'participants_chats_planned',
  /** Worth a request that the planner's budget didn't have. */
  chatsLeftOver: 'participants_chats_left_over',
  /** Right counts among those shown over a day, as the planner expected them and as refreshes found them. */
  expectedFreshness: 'participants_expected_freshness',
  measuredFreshness: 'participants_measured_freshness',
  chatsRefreshed: 'participants_chats_refreshed',
  chatsFailed: 'participants_chats_failed',
  fullUpdateProgress: 'participants_full_update_progress',
  fullUpdateFinished: 'participants_full_update_finished',
  fullUpdateFailedChats: 'participants_full_update_failed_chats',
  /** One for each roll-up of the statistics that has come to its end. */
  rollUpsDone: 'participants_roll_ups_done',
  rollUpDuration: 'participants_roll_up_duration',
  /** Deliveries of MAX taken, with the dimension `type`. */
  updatesReceived: 'participants_updates_received',
  /** Deliveries that were accepted and not understood: MAX changed its format, or somebody else has the secret. */
  updatesNotUnderstood: 'participants_updates_not_understood',
  /** 1 for every check that found the subscription to MAX's updates gone. */
  subscriptionLost: 'participants_subscription_lost',
  subscriptionCheckFailed: 'participants_subscription_check_failed',
  /** Age of the keys that tokens are verified with, s; emitted when they could not be fetched anew. */
  issuerKeysAge: 'participants_issuer_keys_age',
  /** Entries that were missing from posting lists, or too many, and were repaired: one value of each for a repair. */
  postingGaps: 'participants_posting_gaps',
  postingOrphans: 'participants_posting_orphans',
  /** Repairs of posting lists that compared everything. */
  repairsFinished: 'participants_posting_repairs_finished',
} as const;
