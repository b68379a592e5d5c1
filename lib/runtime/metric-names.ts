/**
 * All metrics of the service. A test compares dashboards and alarms with this list, so that they use only emitted metrics.
 */
export const METRICS = {
  /**
   * Cache hit rate of one page, %. Alarms and dashboards divide the sums of the next two metrics, so that larger pages weigh
   * more.
   */
  cacheHitRate: 'participants_cache_hit_rate',
  cacheLookups: 'participants_cache_lookups',
  cacheHits: 'participants_cache_hits',
  cacheStaleHits: 'participants_cache_stale_hits',
  /** Time from the decision to refresh a chat to its stored count, ms, including the wait for the permit. */
  updateDuration: 'participants_update_duration',
  maxRequests: 'participants_max_api_requests',
  maxLatency: 'participants_max_api_latency',
  /** Emitted for all errors together, and again with the dimension `kind`. */
  maxErrors: 'participants_max_api_errors',
  permitsGranted: 'participants_permits_granted',
  permitWait: 'participants_permit_wait',
  staleDataCount: 'participants_stale_data_count',
  oldestCountAge: 'participants_oldest_count_age',
  fresherThanHour: 'participants_fresher_than_hour',
  /** 1 for each background sync that succeeded, even if it enqueued nothing because earlier messages were still queued. */
  syncsDone: 'participants_syncs_done',
  chatsPlanned: 'participants_chats_planned',
  /** Chats whose refresh gains the price but exceeds the planner's budget. */
  chatsLeftOver: 'participants_chats_left_over',
  /** Share of correct views over a day, %, as the planner expected, and as measured by refreshes. */
  expectedFreshness: 'participants_expected_freshness',
  measuredFreshness: 'participants_measured_freshness',
  chatsRefreshed: 'participants_chats_refreshed',
  chatsFailed: 'participants_chats_failed',
  fullUpdateProgress: 'participants_full_update_progress',
  fullUpdateFinished: 'participants_full_update_finished',
  fullUpdateFailedChats: 'participants_full_update_failed_chats',
  /** 1 for each finished roll-up of the statistics. */
  rollUpsDone: 'participants_roll_ups_done',
  rollUpDuration: 'participants_roll_up_duration',
  /** Accepted webhook deliveries, with the dimension `type`. */
  updatesReceived: 'participants_updates_received',
  /** Deliveries that were accepted but are invalid: MAX changed its format, or somebody else knows the secret. */
  updatesNotUnderstood: 'participants_updates_not_understood',
  /** 1 for each check that found the webhook subscription gone. */
  subscriptionLost: 'participants_subscription_lost',
  subscriptionCheckFailed: 'participants_subscription_check_failed',
  /** Age of the keys that verify tokens, s. Emitted when new keys could not be fetched. */
  issuerKeysAge: 'participants_issuer_keys_age',
  /** Missing entries and wrong entries of posting lists that a repair has corrected. One value of each per repair. */
  postingGaps: 'participants_posting_gaps',
  postingOrphans: 'participants_posting_orphans',
  /** 1 for each repair of posting lists that compared everything. */
  repairsFinished: 'participants_posting_repairs_finished',
} as const;
