/** Made by `npm run api:types` from the OpenAPI document. */

export interface paths {
    "/chats/all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A page of chats with their participant counts
         * @description Chats must match all given filters (`search`, `university_id`, `department`, `source`, `status`). A page has `limit` chats unless it is the last one.
         */
        get: operations["listChats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/facets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Numbers of matching chats by university, department, source and status
         * @description Accepts the filters of `GET /chats/all`. Each list starts with the most frequent value. Chats without a university, department or source are not in its list.
         */
        get: operations["countFacets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One chat with its participant count */
        get: operations["getChat"];
        put?: never;
        post?: never;
        /** Remove a chat */
        delete: operations["deleteChat"];
        options?: never;
        head?: never;
        /**
         * Change fields of a chat
         * @description Absent fields remain unchanged. A new max_chat_id deletes the count.
         */
        patch: operations["updateChat"];
        trace?: never;
    };
    "/chats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add a chat
         * @description Curators can add chats only to their own university.
         */
        post: operations["createChat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}/refresh-participants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fetch the participant count of one chat from MAX now */
        post: operations["refreshParticipants"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chats/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The days on which the count of a chat changed
         * @description Days without a change are omitted; the count of such a day is `last` of the previous point. Days are in UTC. Entries expire after `PARTICIPANTS_HISTORY_DAYS`.
         */
        get: operations["getHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sums of each day, and the chats that grew and shrank most
         * @description Computed by a nightly roll-up: one entry for each day (UTC), for the chats that the caller may see. Entries expire after `PARTICIPANTS_HISTORY_DAYS`.
         */
        get: operations["getStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/participants/full-update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The full updates of the last 30 days
         * @description Contains those that a person started, those of the daily schedule, and those after a lost event subscription.
         */
        get: operations["listFullUpdates"];
        put?: never;
        /**
         * Refresh the counts of all chats
         * @description Only one full update can run at a time.
         */
        post: operations["startFullUpdate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/participants/full-update/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The progress of a full update */
        get: operations["getFullUpdate"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/participants/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Compare a random sample of the served counts with MAX
         * @description Changes nothing. Every chat of the sample uses one request of the quota.
         */
        get: operations["validateParticipants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/participants/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The state of the planner, and how it spends its budget */
        get: operations["explainPlan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/max": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Events of MAX about its chats */
        post: operations["receiveUpdates"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The state of the service and of its dependencies */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["describeApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description A response of API Gateway itself
         * @example {
         *       "message": "Service Unavailable"
         *     }
         */
        GatewayError: {
            message: string;
        };
        /**
         * @example {
         *       "data": [
         *         {
         *           "id": 123,
         *           "name": "ИВТ-21, деканат",
         *           "url": "https://max.ru/join/oooygfdz",
         *           "max_chat_id": "-68000000500532",
         *           "external_chat_id": null,
         *           "university_id": 1,
         *           "department": "Факультет информатики",
         *           "source": "academic",
         *           "participants_count": 57,
         *           "participants_updated_at": "2026-11-25T11:42:07.512Z",
         *           "participants_source": "cache",
         *           "participants_stale": false,
         *           "status": "active",
         *           "created_at": "2026-09-01T08:00:00.000Z",
         *           "updated_at": "2026-10-12T14:03:55.871Z"
         *         }
         *       ],
         *       "total": 1,
         *       "limit": 50,
         *       "next_cursor": null
         *     }
         */
        ChatPage: {
            data: components["schemas"]["Chat"][];
            /** @description Number of chats on all pages */
            total: number;
            limit: number;
            /** @description The cursor of the next page; null: this is the last page */
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "id": 123,
         *       "name": "ИВТ-21, деканат",
         *       "url": "https://max.ru/join/oooygfdz",
         *       "max_chat_id": "-68000000500532",
         *       "external_chat_id": null,
         *       "university_id": 1,
         *       "department": "Факультет информатики",
         *       "source": "academic",
         *       "participants_count": 57,
         *       "participants_updated_at": "2026-11-25T11:42:07.512Z",
         *       "participants_source": "cache",
         *       "participants_stale": false,
         *       "status": "active",
         *       "created_at": "2026-09-01T08:00:00.000Z",
         *       "updated_at": "2026-10-12T14:03:55.871Z"
         *     }
         */
        Chat: {
            /** @description The id of the chat in this service */
            id: number;
            name: string;
            url: string | null;
            /** @description The id in MAX, a 64-bit integer in decimal digits; null: the chat is not in MAX */
            max_chat_id: string | null;
            /** @description The id in another system of the organisation */
            external_chat_id: string | null;
            university_id: number | null;
            department: string | null;
            /** @description The origin of the chat in the organisation */
            source: string | null;
            /** @description null: never read */
            participants_count: number | null;
            /** @description When the count was requested from MAX; null: never, or the count was imported */
            participants_updated_at: string | null;
            /**
             * @description The source of the count: Redis (cache), MAX just now (api), or DynamoDB (database)
             * @enum {string}
             */
            participants_source: "cache" | "api" | "database";
            /** @description Whether the count is missing, or is older than PARTICIPANTS_CACHE_TTL and not confirmed by events */
            participants_stale: boolean;
            /**
             * @description The status in the last response of MAX; unlinked: the chat has no max_chat_id. Only active chats are refreshed
             * @enum {string}
             */
            status: "active" | "denied" | "gone" | "removed" | "left" | "closed" | "suspended" | "unlinked";
            /**
             * Format: date-time
             * @description RFC 3339, UTC, with milliseconds
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When the fields before the count last changed
             */
            updated_at: string;
        };
        /** @description RFC 9457 */
        Problem: {
            /** @description Identifies the type of problem */
            type: string;
            /** @description The type of problem in words; the same for all problems of a type */
            title: string;
            /** @description The HTTP status */
            status: number;
            /** @description The error in this request */
            detail?: string;
            /** @description Identifies the request in the logs of the service */
            request_id: string;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:internal",
         *       "title": "Internal error",
         *       "status": 500,
         *       "detail": "The request failed because of an error in the service. Try again later.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        InternalProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:internal";
            /** @constant */
            title: "Internal error";
            /** @constant */
            status: 500;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:unavailable",
         *       "title": "Temporarily unavailable",
         *       "status": 503,
         *       "detail": "Tokens can not be verified now, because their issuer can not be reached.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        UnavailableProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:unavailable";
            /** @constant */
            title: "Temporarily unavailable";
            /** @constant */
            status: 503;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:invalid_request",
         *       "title": "The request is not valid",
         *       "status": 400,
         *       "detail": "Some fields are not valid; see errors.",
         *       "request_id": "dnNnBhLlliAEJ1Q=",
         *       "errors": [
         *         {
         *           "field": "limit",
         *           "message": "must be a whole number from 1 to 100"
         *         }
         *       ]
         *     }
         */
        InvalidRequestProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:invalid_request";
            /** @constant */
            title: "The request is not valid";
            /** @constant */
            status: 400;
            errors: {
                /** @description The name of a parameter, or a path in the body */
                field: string;
                /** @description The error, with the allowed values */
                message: string;
            }[];
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:unauthorized",
         *       "title": "A valid token is required",
         *       "status": 401,
         *       "detail": "The token has expired.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        UnauthorizedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:unauthorized";
            /** @constant */
            title: "A valid token is required";
            /** @constant */
            status: 401;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:forbidden",
         *       "title": "The role does not allow this",
         *       "status": 403,
         *       "detail": "Chat 123 does not belong to your university.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        ForbiddenProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:forbidden";
            /** @constant */
            title: "The role does not allow this";
            /** @constant */
            status: 403;
        };
        /**
         * @example {
         *       "total": 57,
         *       "university_id": [
         *         {
         *           "value": 1,
         *           "chats": 57
         *         }
         *       ],
         *       "department": [
         *         {
         *           "value": "Факультет информатики",
         *           "chats": 41
         *         }
         *       ],
         *       "source": [
         *         {
         *           "value": "academic",
         *           "chats": 50
         *         }
         *       ],
         *       "status": [
         *         {
         *           "value": "active",
         *           "chats": 55
         *         },
         *         {
         *           "value": "gone",
         *           "chats": 2
         *         }
         *       ]
         *     }
         */
        ChatFacets: {
            /** @description Chats that match, as in the listing */
            total: number;
            university_id: {
                value: number;
                chats: number;
            }[];
            /** @description The 100 departments with the most chats */
            department: {
                value: string;
                chats: number;
            }[];
            source: {
                value: string;
                chats: number;
            }[];
            status: {
                /** @enum {string} */
                value: "active" | "denied" | "gone" | "removed" | "left" | "closed" | "suspended" | "unlinked";
                chats: number;
            }[];
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:not_found",
         *       "title": "Not found",
         *       "status": 404,
         *       "detail": "There is no chat 123.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        NotFoundProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:not_found";
            /** @constant */
            title: "Not found";
            /** @constant */
            status: 404;
        };
        NewChat: {
            /**
             * @description The name of the chat
             * @example ИВТ-21, деканат
             */
            name: string;
            /** @default null */
            url?: string | null;
            /** @default null */
            max_chat_id?: string | null;
            /** @default null */
            external_chat_id?: string | null;
            /** @description null: none. By default none for superadmins, and their own for curators */
            university_id?: number | null;
            /** @default null */
            department?: string | null;
            /** @default null */
            source?: string | null;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:body_too_large",
         *       "title": "The body is too large",
         *       "status": 413,
         *       "detail": "A body may have at most 262144 bytes.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        BodyTooLargeProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:body_too_large";
            /** @constant */
            title: "The body is too large";
            /** @constant */
            status: 413;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:unsupported_media_type",
         *       "title": "The body must be JSON",
         *       "status": 415,
         *       "detail": "Send content-type: application/json.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        UnsupportedMediaTypeProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:unsupported_media_type";
            /** @constant */
            title: "The body must be JSON";
            /** @constant */
            status: 415;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:max_chat_id_taken",
         *       "title": "Another chat has this max_chat_id",
         *       "status": 409,
         *       "detail": "Chat 123 has this max_chat_id already.",
         *       "request_id": "dnNnBhLlliAEJ1Q=",
         *       "chat_id": 123
         *     }
         */
        MaxChatIdTakenProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:max_chat_id_taken";
            /** @constant */
            title: "Another chat has this max_chat_id";
            /** @constant */
            status: 409;
            /** @description The chat that has the id; absent if the caller may not see it */
            chat_id?: number;
        };
        ChatChanges: {
            /**
             * @description The name of the chat
             * @example ИВТ-21, деканат
             */
            name?: string;
            url?: string | null;
            max_chat_id?: string | null;
            external_chat_id?: string | null;
            university_id?: number | null;
            department?: string | null;
            source?: string | null;
        };
        /** @description The last count that was read, and its age; null if there is none */
        LastKnown: {
            participants_count: number | null;
            updated_at: string | null;
            age_seconds: number | null;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:max_unreachable",
         *       "title": "MAX is not available now",
         *       "status": 503,
         *       "detail": "The count was not read: MAX did not respond in time.",
         *       "request_id": "dnNnBhLlliAEJ1Q=",
         *       "reason": "timeout",
         *       "last_known": {
         *         "participants_count": 57,
         *         "updated_at": "2026-11-25T11:00:00.000Z",
         *         "age_seconds": 3600
         *       }
         *     }
         */
        MaxUnreachableProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:max_unreachable";
            /** @constant */
            title: "MAX is not available now";
            /** @constant */
            status: 503;
            /**
             * @description Why no count could be fetched from MAX
             * @enum {string}
             */
            reason: "busy" | "cooling" | "no_limiter" | "rate_limited" | "server" | "timeout" | "network" | "auth";
            last_known?: components["schemas"]["LastKnown"];
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:integration_disabled",
         *       "title": "The MAX integration is switched off",
         *       "status": 503,
         *       "detail": "PARTICIPANTS_INTEGRATION_DISABLED is true: counts come from the database only, and MAX is not asked.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        IntegrationDisabledProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:integration_disabled";
            /** @constant */
            title: "The MAX integration is switched off";
            /** @constant */
            status: 503;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:no_max_chat",
         *       "title": "The chat has no MAX id",
         *       "status": 409,
         *       "detail": "Chat 123 has no max_chat_id, so its count can not be fetched from MAX.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        NoMaxChatProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:no_max_chat";
            /** @constant */
            title: "The chat has no MAX id";
            /** @constant */
            status: 409;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:chat_unavailable",
         *       "title": "The chat is not available in MAX",
         *       "status": 409,
         *       "detail": "MAX no longer knows this chat.",
         *       "request_id": "dnNnBhLlliAEJ1Q=",
         *       "chat_status": "gone",
         *       "last_known": {
         *         "participants_count": 57,
         *         "updated_at": "2026-11-24T03:10:05.120Z",
         *         "age_seconds": 86400
         *       }
         *     }
         */
        ChatUnavailableProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:chat_unavailable";
            /** @constant */
            title: "The chat is not available in MAX";
            /** @constant */
            status: 409;
            /**
             * @description The status of the chat
             * @enum {string}
             */
            chat_status: "denied" | "gone" | "removed" | "left" | "closed" | "suspended";
            last_known: components["schemas"]["LastKnown"];
        };
        /**
         * @example {
         *       "chat_id": 123,
         *       "from": "2026-08-28",
         *       "to": "2026-11-25",
         *       "points": [
         *         {
         *           "date": "2026-09-01",
         *           "first": 31,
         *           "min": 31,
         *           "max": 54,
         *           "last": 54
         *         },
         *         {
         *           "date": "2026-10-12",
         *           "first": 55,
         *           "min": 55,
         *           "max": 58,
         *           "last": 57
         *         }
         *       ]
         *     }
         */
        ChatHistory: {
            /** @description The id of the chat in this service */
            chat_id: number;
            /**
             * Format: date
             * @example 2026-11-25
             */
            from: string;
            /**
             * Format: date
             * @example 2026-11-25
             */
            to: string;
            points: {
                /**
                 * Format: date
                 * @example 2026-11-25
                 */
                date: string;
                /** @description The count after the first change of the day */
                first: number;
                /** @description The smallest count after a change of the day */
                min: number;
                /** @description The largest count after a change of the day */
                max: number;
                /** @description The count after the last change of the day */
                last: number;
            }[];
        };
        /**
         * @example {
         *       "from": "2026-08-28",
         *       "to": "2026-11-25",
         *       "rolled_up_at": "2026-11-25T22:04:51.220Z",
         *       "days": [
         *         {
         *           "date": "2026-11-25",
         *           "chats": 150000,
         *           "participants": 9412306,
         *           "never_read": 12,
         *           "stale": 1204,
         *           "fresher_than_hour": 0.992,
         *           "by_status": {
         *             "active": 149100,
         *             "gone": 650,
         *             "unlinked": 250
         *           }
         *         }
         *       ],
         *       "course_days": [
         *         "2026-08-28",
         *         "2026-10-11",
         *         "2026-11-25"
         *       ],
         *       "universities": [
         *         {
         *           "university_id": 1,
         *           "chats": 3410,
         *           "participants": 201377,
         *           "never_read": 0,
         *           "stale": 31,
         *           "fresher_than_hour": 0.991,
         *           "participants_before": 198020,
         *           "since": "2026-08-28",
         *           "course": [
         *             198020,
         *             200118,
         *             201377
         *           ]
         *         }
         *       ],
         *       "week": {
         *         "since": "2026-11-18",
         *         "grew": [
         *           {
         *             "chat_id": 123,
         *             "name": "ИВТ-21, деканат",
         *             "before": 57,
         *             "after": 98
         *           }
         *         ],
         *         "shrank": []
         *       },
         *       "month": {
         *         "since": null,
         *         "grew": [],
         *         "shrank": []
         *       }
         *     }
         */
        Stats: {
            /**
             * Format: date
             * @example 2026-11-25
             */
            from: string;
            /**
             * Format: date
             * @example 2026-11-25
             */
            to: string;
            /** @description When the last roll-up ended; null: there was none */
            rolled_up_at: string | null;
            days: {
                /**
                 * Format: date
                 * @example 2026-11-25
                 */
                date: string;
                chats: number;
                /** @description Sum of all known counts */
                participants: number;
                /** @description Chats in MAX whose count was never read */
                never_read: number;
                /** @description Active chats whose count was older than PARTICIPANTS_CACHE_TTL */
                stale: number;
                /** @description Share of active chats whose count was less than an hour old; null: there were none, or it is not known */
                fresher_than_hour: number | null;
                /** @description Numbers of chats by status, without statuses that no chat has */
                by_status: {
                    [key: string]: number;
                };
            }[];
            /** @description The first and the last day with a roll-up in the range, and some between them; null as `universities` is */
            course_days: string[] | null;
            /** @description On the last day with a roll-up in the range; null for callers who see only one university */
            universities: {
                university_id: number;
                chats: number;
                /** @description Sum of all known counts */
                participants: number;
                /** @description Chats in MAX whose count was never read */
                never_read: number;
                /** @description Active chats whose count was older than PARTICIPANTS_CACHE_TTL */
                stale: number;
                /** @description Share of active chats whose count was less than an hour old; null: there were none, or it is not known */
                fresher_than_hour: number | null;
                /** @description On the first day with a roll-up in the range */
                participants_before: number | null;
                /**
                 * Format: date
                 * @description The first day with a roll-up in the range
                 * @example 2026-11-25
                 */
                since: string;
                /** @description `participants` on each of `course_days`; null: it had no chats then */
                course: (number | null)[];
            }[] | null;
            week: components["schemas"]["Movers"];
            month: components["schemas"]["Movers"];
        };
        /** @description The chats that grew and shrank most */
        Movers: {
            /** @description The day of comparison; null: there is no roll-up from that time */
            since: string | null;
            /** @description The largest change first */
            grew: components["schemas"]["Mover"][];
            shrank: components["schemas"]["Mover"][];
        };
        /** @description A chat that changed */
        Mover: {
            /** @description The id of the chat in this service */
            chat_id: number;
            name: string;
            before: number;
            after: number;
        };
        /**
         * @example {
         *       "run_id": "0b8a5c1e-7d1f-4b52-9d53-3c1b8e0f6a11",
         *       "status": "running",
         *       "total": 150000,
         *       "done": 42350,
         *       "changed": 9120,
         *       "failed": 2,
         *       "unavailable": 31,
         *       "started_at": "2026-11-25T00:00:01.207Z",
         *       "finished_at": null,
         *       "eta_seconds": 3589
         *     }
         */
        FullUpdate: {
            run_id: string;
            /**
             * @description stalled: no progress for 30 minutes; a new run may start
             * @enum {string}
             */
            status: "planning" | "running" | "finished" | "stalled";
            total: number;
            /** @description Chats with any outcome */
            done: number;
            changed: number;
            failed: number;
            /** @description Chats that are not available in MAX */
            unavailable: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC, with milliseconds
             */
            started_at: string;
            finished_at: string | null;
            eta_seconds: number | null;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:run_under_way",
         *       "title": "A full update is already running",
         *       "status": 409,
         *       "detail": "Run 0b8a5c1e-7d1f-4b52-9d53-3c1b8e0f6a11 is running; a new one can start when it has ended.",
         *       "request_id": "dnNnBhLlliAEJ1Q=",
         *       "run": {
         *         "run_id": "0b8a5c1e-7d1f-4b52-9d53-3c1b8e0f6a11",
         *         "status": "running",
         *         "total": 150000,
         *         "done": 42350,
         *         "changed": 9120,
         *         "failed": 2,
         *         "unavailable": 31,
         *         "started_at": "2026-11-25T00:00:01.207Z",
         *         "finished_at": null,
         *         "eta_seconds": 3589
         *       },
         *       "status_url": "/admin/participants/full-update/0b8a5c1e-7d1f-4b52-9d53-3c1b8e0f6a11"
         *     }
         */
        RunUnderWayProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:run_under_way";
            /** @constant */
            title: "A full update is already running";
            /** @constant */
            status: 409;
            run: components["schemas"]["FullUpdate"];
            /** @description The path of the run, with its progress */
            status_url: string;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:validation_under_way",
         *       "title": "A validation is already running",
         *       "status": 409,
         *       "detail": "Only one validation can run at a time.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        ValidationUnderWayProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:validation_under_way";
            /** @constant */
            title: "A validation is already running";
            /** @constant */
            status: 409;
        };
        /**
         * @example {
         *       "budget_per_hour": 75600,
         *       "requests_per_hour": 75431.2,
         *       "kappa": 0.043,
         *       "planned_at": "2026-11-25T11:45:00.000Z",
         *       "chats": 150000,
         *       "due": 212,
         *       "trusted": 96300,
         *       "dirty": 600,
         *       "never_read": 0,
         *       "sampled": 500,
         *       "fresher_than_hour": 0.914,
         *       "subscription": {
         *         "state": "confirmed",
         *         "since": "2026-11-02T09:15:03.118Z"
         *       },
         *       "reads_per_hour": 5870.4,
         *       "median_changes_per_day": 1.7,
         *       "expected_freshness": 0.974,
         *       "measured_freshness": 0.969,
         *       "expected_accuracy": 0.912,
         *       "measured_accuracy": 0.905,
         *       "signals": {
         *         "size": {
         *           "slope": 0.41
         *         },
         *         "last_event": {
         *           "in_use": true,
         *           "contradicted": 0.003
         *         }
         *       },
         *       "what_if": {
         *         "rps": 60,
         *         "budget_per_hour": 151200,
         *         "kappa": 0.021,
         *         "expected_freshness": 0.981,
         *         "requests_per_hour": 151200
         *       }
         *     }
         */
        Plan: {
            /** @description Requests to MAX in the budget of the planner */
            budget_per_hour: number;
            /** @description Requests that the chats need at the present price */
            requests_per_hour: number | null;
            /** @description The shadow price: correct views that a refresh must be expected to gain */
            kappa: number | null;
            /** @description null: the background sync has not run yet */
            planned_at: string | null;
            chats: number;
            /** @description Exact number of chats that are due for a refresh */
            due: number;
            /** @description Chats with trusted events: MAX sends one for every change */
            trusted: number;
            /** @description Chats that changed since their count was read */
            dirty: number;
            never_read: number;
            /** @description Share of counts that are less than an hour old. Estimated from the sample; null if it is empty */
            fresher_than_hour: number | null;
            /** @description The subscription to events of MAX. confirmed: every check since `since` has found it; lost: none has for an hour or more, the last one at `since`; none: no check has found it yet */
            subscription: {
                /** @enum {string} */
                state: "confirmed" | "lost" | "none";
                since: string | null;
            };
            /** @description Size of the sample from which the numbers of chats are estimated */
            sampled: number;
            /** @description Views of counts by people */
            reads_per_hour: number | null;
            /** @description Joins and leaves per day of the median chat */
            median_changes_per_day: number | null;
            /** @description Expected share of correct views over the last day; a chat counts as often as it was viewed */
            expected_freshness: number | null;
            /** @description The same share, measured by refreshes */
            measured_freshness: number | null;
            /** @description Expected share of correct counts among all chats now, viewed or not. Estimated from the sample */
            expected_accuracy: number | null;
            /** @description Share of correct counts among all chats over the last day, viewed or not, measured by refreshes */
            measured_accuracy: number | null;
            /** @description The signals for change rates beside the differences of counts; null before the first sync */
            signals: {
                /** @description How much more often large chats change: the slope of ln(changes) over ln(1 + participants); null before any count is known */
                size: {
                    slope: number | null;
                };
                /** @description Whether `last_event_time` of MAX is used to learn how often chats change. contradicted: share of the changed counts whose last event was older than the previous reading; above 0.02 it is not used */
                last_event: {
                    in_use: boolean;
                    contradicted: number | null;
                };
            } | null;
            /** @description The long-term result of a quota of `rps` requests per second; null without `rps`, and before the first sync */
            what_if: {
                rps: number;
                budget_per_hour: number;
                kappa: number;
                expected_freshness: number;
                requests_per_hour: number;
            } | null;
        };
        Dependency: {
            /** @enum {string} */
            state: "ok" | "down" | "disabled";
            /** @description null: it did not respond, or was not checked */
            latency_ms: number | null;
        };
    };
    responses: {
        /** @description The function is busy or took too long */
        TooManyRequests: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["GatewayError"];
            };
        };
        /** @description Internal error; The function failed */
        Internal: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InternalProblem"];
                "application/json": components["schemas"]["GatewayError"];
            };
        };
        /** @description Temporarily unavailable; The function is busy or took too long */
        Unavailable: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["UnavailableProblem"];
                "application/json": components["schemas"]["GatewayError"];
            };
        };
        /** @description The request is not valid */
        InvalidRequest: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["InvalidRequestProblem"];
            };
        };
        /** @description A valid token is required */
        Unauthorized: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["UnauthorizedProblem"];
            };
        };
        /** @description The role does not allow this */
        Forbidden: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ForbiddenProblem"];
            };
        };
        /** @description Not found */
        NotFound: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["NotFoundProblem"];
            };
        };
        /** @description The body is too large */
        BodyTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["BodyTooLargeProblem"];
            };
        };
        /** @description The body must be JSON */
        UnsupportedMediaType: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["UnsupportedMediaTypeProblem"];
            };
        };
        /** @description Another chat has this max_chat_id */
        MaxChatIdTaken: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["MaxChatIdTakenProblem"];
            };
        };
        /** @description A full update is already running */
        RunUnderWay: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["RunUnderWayProblem"];
            };
        };
        /** @description A validation is already running */
        ValidationUnderWay: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ValidationUnderWayProblem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /**
         * @description Identifies the request in the logs of the service.
         * @example dnNnBhLlliAEJ1Q=
         */
        RequestId: string;
        /**
         * @description Durations, ms: `total` in the function; in a listing also `db` for DynamoDB, and `counts` for Redis and its cache misses.
         * @example db;dur=8.1, counts;dur=1.4, total;dur=10.2
         */
        ServerTiming: string;
        /**
         * @description The path of the created resource.
         * @example /chats/123
         */
        Location: string;
        /**
         * @description Seconds to wait before the next attempt. Absent in responses of API Gateway itself.
         * @example 5
         */
        RetryAfter: number;
        /**
         * @description Absent for a webhook delivery.
         * @example Bearer
         */
        WwwAuthenticate: "Bearer";
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listChats: {
        parameters: {
            query?: {
                /** @description Largest number of chats on the page */
                limit?: number;
                /** @description The `next_cursor` of the previous page. It is valid only for the same caller, order and filters. */
                cursor?: string;
                /** @description The field by which chats are sorted */
                sort_by?: "id" | "name" | "participants_count" | "created_at" | "updated_at";
                /** @description Ascending or descending */
                sort_order?: "asc" | "desc";
                /** @description Words, each a prefix of a word in the name or the department. Upper and lower case are equal, and so are ё and е. A complete `max_chat_id` or `source` also finds its chats */
                search?: string;
                /** @description Only chats of this university. Curators and operators may name only their own, which is the default */
                university_id?: number;
                /** @description Only chats of this department, ignoring case */
                department?: string;
                /** @description Only chats from this source, ignoring case */
                source?: string;
                /** @description Only chats with one of these statuses; separated by commas, or repeated */
                status?: ("active" | "denied" | "gone" | "removed" | "left" | "closed" | "suspended" | "unlinked")[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatPage"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    countFacets: {
        parameters: {
            query?: {
                /** @description Words, each a prefix of a word in the name or the department. Upper and lower case are equal, and so are ё and е. A complete `max_chat_id` or `source` also finds its chats */
                search?: string;
                /** @description Only chats of this university. Curators and operators may name only their own, which is the default */
                university_id?: number;
                /** @description Only chats of this department, ignoring case */
                department?: string;
                /** @description Only chats from this source, ignoring case */
                source?: string;
                /** @description Only chats with one of these statuses; separated by commas, or repeated */
                status?: ("active" | "denied" | "gone" | "removed" | "left" | "closed" | "suspended" | "unlinked")[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The values by filter */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatFacets"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getChat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the chat */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The chat */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chat"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteChat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the chat */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateChat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the chat */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "ИВТ-22, деканат",
                 *       "department": null
                 *     }
                 */
                "application/json": components["schemas"]["ChatChanges"];
            };
        };
        responses: {
            /** @description The changed chat */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chat"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["MaxChatIdTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createChat: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "ИВТ-21, деканат",
                 *       "url": "https://max.ru/join/oooygfdz",
                 *       "max_chat_id": "-68000000500532",
                 *       "university_id": 1
                 *     }
                 */
                "application/json": components["schemas"]["NewChat"];
            };
        };
        responses: {
            /** @description The chat. Its count is requested from MAX at once. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chat"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["MaxChatIdTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    refreshParticipants: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the chat */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The count that MAX has just returned */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "updated";
                        /** @description The id of the chat in this service */
                        chat_id: number;
                        participants_count: number;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC, with milliseconds
                         */
                        updated_at: string;
                        /** @constant */
                        source: "api";
                    };
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description The chat has no MAX id; The chat is not available in MAX */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["NoMaxChatProblem"] | components["schemas"]["ChatUnavailableProblem"];
                };
            };
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            /** @description Temporarily unavailable; MAX is not available now; The MAX integration is switched off; The function is busy or took too long */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["UnavailableProblem"] | components["schemas"]["MaxUnreachableProblem"] | components["schemas"]["IntegrationDisabledProblem"];
                    "application/json": components["schemas"]["GatewayError"];
                };
            };
        };
    };
    getHistory: {
        parameters: {
            query?: {
                /** @description The first day (UTC). The range has at most 732 days; 90 by default */
                from?: string;
                /** @description The last day (UTC); today by default */
                to?: string;
            };
            header?: never;
            path: {
                /** @description The id of the chat */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The points, oldest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatHistory"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getStats: {
        parameters: {
            query?: {
                /** @description The first day (UTC). The range has at most 732 days; 90 by default */
                from?: string;
                /** @description The last day (UTC); today by default */
                to?: string;
                /** @description Only this university. Only superadmins may name another one than their own */
                university_id?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The statistics, oldest day first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listFullUpdates: {
        parameters: {
            query?: {
                /** @description Largest number of full updates. 1: only the one that was started last */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The full updates, the newest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["FullUpdate"][];
                    };
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    startFullUpdate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The full update has started; `status_url` shows its progress. */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        run_id: string;
                        /** @enum {string} */
                        status: "planning" | "running" | "finished" | "stalled";
                        /** @description Number of chats */
                        total: number;
                        /** @description Estimated duration at the quota */
                        estimated_seconds: number;
                        status_url: string;
                    };
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["RunUnderWay"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            /** @description Temporarily unavailable; The MAX integration is switched off; The function is busy or took too long */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["UnavailableProblem"] | components["schemas"]["IntegrationDisabledProblem"];
                    "application/json": components["schemas"]["GatewayError"];
                };
            };
        };
    };
    getFullUpdate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the full update */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FullUpdate"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    validateParticipants: {
        parameters: {
            query?: {
                /** @description Number of chats to compare */
                sample_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The comparison. The drift of a chat is its count in MAX minus the served count. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        sample_size: number;
                        /** @description Chats whose count MAX returned */
                        checked: number;
                        matched: number;
                        mismatched: number;
                        /** @description Chats that are not available in MAX */
                        unavailable: number;
                        /** @description matched / checked; null: no chat could be checked */
                        accuracy: number | null;
                        /** @description Over the checked chats; a count that was never read is 0 */
                        mean_abs_drift: number | null;
                        /** @description Largest absolute drift of a chat */
                        max_drift: number | null;
                        mismatches: {
                            /** @description The id of the chat in this service */
                            chat_id: number;
                            shown: number | null;
                            actual: number;
                            drift: number;
                            participants_updated_at: string | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["ValidationUnderWay"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            /** @description Temporarily unavailable; MAX is not available now; The MAX integration is switched off; The function is busy or took too long */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["UnavailableProblem"] | components["schemas"]["MaxUnreachableProblem"] | components["schemas"]["IntegrationDisabledProblem"];
                    "application/json": components["schemas"]["GatewayError"];
                };
            };
        };
    };
    explainPlan: {
        parameters: {
            query?: {
                /** @description Another quota in requests per second; `what_if` shows its result */
                rps?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Numbers of chats are estimated from a sample, except `chats` and `due`. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    receiveUpdates: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "update_type": "user_added",
                 *       "timestamp": 1795600000000,
                 *       "chat_id": -68000000500532
                 *     }
                 */
                "application/json": unknown;
            };
        };
        responses: {
            /** @description Accepted */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        success: true;
                    };
                };
            };
            401: components["responses"]["Unauthorized"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `degraded`: the service responds, but a dependency is down */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ok" | "degraded";
                        dependencies: {
                            dynamodb: components["schemas"]["Dependency"];
                            redis: components["schemas"]["Dependency"];
                            sqs: components["schemas"]["Dependency"];
                            max: components["schemas"]["Dependency"];
                        };
                    };
                };
            };
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["TooManyRequests"];
        };
    };
    describeApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        openapi: "3.1.0";
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            503: components["responses"]["TooManyRequests"];
        };
    };
}
