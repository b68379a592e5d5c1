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
         * Chats with their participant counts, a page at a time
         * @description All conditions given (`search`, `university_id`, `department`, `source`, `status`) must hold. A page has `limit` chats unless it is the last one.
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
         * The universities, departments, sources and statuses of the chats that match, with their numbers of chats
         * @description Takes the conditions of `GET /chats/all`. Each list begins with the most frequent value. Chats without a university, department or source are in none of its values.
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
         * @description Fields that are absent stay as they are. Another max_chat_id drops the count.
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
         * @description Curators add chats to their own university only.
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
        /** Read the participant count of one chat from MAX now */
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
         * @description Days without a change are left out: the count of such a day is the `last` of the point before. Days are in UTC. Entries expire after `PARTICIPANTS_HISTORY_DAYS`.
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
         * @description Made by a nightly roll-up: one entry for each day (UTC), of the chats that the caller sees. Entries expire after `PARTICIPANTS_HISTORY_DAYS`.
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
         * The full update that was started last
         * @description Whoever started it: a person, or the daily schedule.
         */
        get: operations["getLatestFullUpdate"];
        put?: never;
        /**
         * Read the counts of all chats again
         * @description One full update runs at a time.
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
         * Compare a random sample of the shown counts with MAX
         * @description Changes nothing. Every chat of the sample costs one request of the quota.
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
        /** What the planner knows, and how it spends its budget */
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
         * @description An answer of API Gateway itself
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
            /** @description Chats on all pages */
            total: number;
            limit: number;
            /** @description For the next page; null: this is the last one */
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
            /** @description Where the organisation has the chat from */
            source: string | null;
            /** @description null: never read yet */
            participants_count: number | null;
            /** @description When MAX was asked for the count; null: never, or the count came with an import */
            participants_updated_at: string | null;
            /**
             * @description Where the count comes from: Redis, MAX just now, or DynamoDB
             * @enum {string}
             */
            participants_source: "cache" | "api" | "database";
            /** @description Whether the count is missing, or older than PARTICIPANTS_CACHE_TTL without events that confirm it */
            participants_stale: boolean;
            /**
             * @description What MAX last answered about the chat; unlinked: the chat has no max_chat_id. Only active chats are refreshed
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
             * @description When the fields above the count changed last
             */
            updated_at: string;
        };
        /** @description RFC 9457 */
        Problem: {
            /** @description Identifies the kind of problem */
            type: string;
            /** @description The kind of problem, in words; the same for every problem of a type */
            title: string;
            /** @description The status of the answer */
            status: number;
            /** @description What is wrong with this request */
            detail?: string;
            /** @description Names the request in the logs of the service */
            request_id: string;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:internal",
         *       "title": "Internal error",
         *       "status": 500,
         *       "detail": "The request failed for a reason of the service; try again later.",
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
                /** @description What is allowed */
                message: string;
            }[];
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:unauthorized",
         *       "title": "A valid token is needed",
         *       "status": 401,
         *       "detail": "The token has expired.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        UnauthorizedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:unauthorized";
            /** @constant */
            title: "A valid token is needed";
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
            /** @description null: none. Default: none for superadmins, the own one for curators */
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
            /** @description The chat that has the id; absent for who may not see that chat */
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
        /** @description The last count that was read, with its age; nulls where there is none */
        LastKnown: {
            participants_count: number | null;
            updated_at: string | null;
            age_seconds: number | null;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:max_unreachable",
         *       "title": "MAX can not be asked now",
         *       "status": 503,
         *       "detail": "The count was not read: MAX did not answer in time.",
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
            title: "MAX can not be asked now";
            /** @constant */
            status: 503;
            /**
             * @description Why MAX could not be asked
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
         *       "detail": "Chat 123 has no max_chat_id, so MAX can not be asked.",
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
         *       "title": "MAX does not give this chat to the bot",
         *       "status": 409,
         *       "detail": "MAX does not know this chat any more.",
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
            title: "MAX does not give this chat to the bot";
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
                /** @description The count that the first change of the day led to */
                first: number;
                /** @description The least of the counts that the changes of the day led to */
                min: number;
                /** @description The greatest of them */
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
         *           "by_status": {
         *             "active": 149100,
         *             "gone": 650,
         *             "unlinked": 250
         *           }
         *         }
         *       ],
         *       "universities": [
         *         {
         *           "university_id": 1,
         *           "chats": 3410,
         *           "participants": 201377,
         *           "never_read": 0,
         *           "stale": 31,
         *           "participants_before": 198020,
         *           "since": "2026-08-28"
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
            /** @description When the last roll-up ended; null: there was none yet */
            rolled_up_at: string | null;
            days: {
                /**
                 * Format: date
                 * @example 2026-11-25
                 */
                date: string;
                chats: number;
                /** @description Of all counts that are known */
                participants: number;
                /** @description Chats of MAX whose count was never read */
                never_read: number;
                /** @description Active chats whose count was older than PARTICIPANTS_CACHE_TTL */
                stale: number;
                /** @description Chats by their status; statuses that no chat has are left out */
                by_status: {
                    [key: string]: number;
                };
            }[];
            /** @description On the last day of the range that has a roll-up, by number; null for who sees one university */
            universities: {
                university_id: number;
                chats: number;
                /** @description Of all counts that are known */
                participants: number;
                /** @description Chats of MAX whose count was never read */
                never_read: number;
                /** @description Active chats whose count was older than PARTICIPANTS_CACHE_TTL */
                stale: number;
                /** @description On the first day of the range that has a roll-up */
                participants_before: number | null;
                /**
                 * Format: date
                 * @description That day
                 * @example 2026-11-25
                 */
                since: string;
            }[] | null;
            week: components["schemas"]["Movers"];
            month: components["schemas"]["Movers"];
        };
        /** @description The chats that grew and shrank most */
        Movers: {
            /** @description The day that counts are compared with; null: there is no roll-up so old */
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
             * @description stalled: nothing happened for 30 minutes; a new run may start
             * @enum {string}
             */
            status: "planning" | "running" | "finished" | "stalled";
            total: number;
            /** @description Chats with an outcome, whichever */
            done: number;
            changed: number;
            failed: number;
            /** @description Chats that MAX does not give to the bot */
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
         *       "title": "A full update is under way",
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
            title: "A full update is under way";
            /** @constant */
            status: 409;
            run: components["schemas"]["FullUpdate"];
            /** @description Where the run can be followed */
            status_url: string;
        };
        /**
         * @example {
         *       "type": "urn:chat-participants:problem:validation_under_way",
         *       "title": "A validation is under way",
         *       "status": 409,
         *       "detail": "One validation runs at a time.",
         *       "request_id": "dnNnBhLlliAEJ1Q="
         *     }
         */
        ValidationUnderWayProblem: components["schemas"]["Problem"] & {
            /** @constant */
            type: "urn:chat-participants:problem:validation_under_way";
            /** @constant */
            title: "A validation is under way";
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
         *       "reads_per_hour": 5870.4,
         *       "median_changes_per_day": 1.7,
         *       "expected_freshness": 0.974,
         *       "measured_freshness": 0.969,
         *       "expected_accuracy": 0.912,
         *       "measured_accuracy": 0.905,
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
            /** @description Requests to MAX that the planner may plan */
            budget_per_hour: number;
            /** @description Requests that the chats need at the present price */
            requests_per_hour: number | null;
            /** @description The shadow price: correct counts shown per request that a refresh must be expected to bring */
            kappa: number | null;
            /** @description null: the background sync has not run yet */
            planned_at: string | null;
            chats: number;
            /** @description Chats whose planned refresh is due. Exact */
            due: number;
            /** @description Chats whose every change is reported by an event */
            trusted: number;
            /** @description Chats that changed since their count was read */
            dirty: number;
            never_read: number;
            /** @description Chats in the sample from which the numbers of chats are estimated */
            sampled: number;
            /** @description Counts that people view */
            reads_per_hour: number | null;
            /** @description Joins and leaves a day of the median chat */
            median_changes_per_day: number | null;
            /** @description Expected share of correct counts among those shown over the last day: a chat counts as often as it was viewed */
            expected_freshness: number | null;
            /** @description The same share, as refreshes found it */
            measured_freshness: number | null;
            /** @description Expected share of correct counts among all chats now, viewed or not. Estimated from the sample */
            expected_accuracy: number | null;
            /** @description Share of correct counts among all chats over the last day, viewed or not, as refreshes found it */
            measured_accuracy: number | null;
            /** @description What a quota of `rps` requests per second would give in the long run; null without `rps`, and before the first sync */
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
            /** @description null: it did not answer, or was not asked */
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
        /** @description A valid token is needed */
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
        /** @description A full update is under way */
        RunUnderWay: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["RunUnderWayProblem"];
            };
        };
        /** @description A validation is under way */
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
         * @description Names the request in the logs of the service.
         * @example dnNnBhLlliAEJ1Q=
         */
        RequestId: string;
        /**
         * @description Where the time went, ms: `total` in the function; in a listing `db` for DynamoDB and `counts` for Redis and what it lacks.
         * @example db;dur=8.1, counts;dur=1.4, total;dur=10.2
         */
        ServerTiming: string;
        /**
         * @description The address of what was made.
         * @example /chats/123
         */
        Location: string;
        /**
         * @description Seconds to wait before the next try. Absent in answers of API Gateway itself.
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
                /** @description Most chats in the page */
                limit?: number;
                /** @description The `next_cursor` of the page before, for the page after it. It is valid for the same user, order and conditions only. */
                cursor?: string;
                /** @description What the chats are sorted by */
                sort_by?: "id" | "name" | "participants_count" | "created_at" | "updated_at";
                /** @description Ascending or descending */
                sort_order?: "asc" | "desc";
                /** @description Words, each the beginning of a word of the name or the department; case and the difference of ё and е do not matter. A whole `max_chat_id` or `source` finds its chats too */
                search?: string;
                /** @description Only chats of this university. Curators and operators may name only their own, which is implied */
                university_id?: number;
                /** @description Only chats of this department, whatever the case */
                department?: string;
                /** @description Only chats from this source, whatever the case */
                source?: string;
                /** @description Only chats with one of these statuses, as in `status` of a chat; separated by commas, or repeated */
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
                /** @description Words, each the beginning of a word of the name or the department; case and the difference of ё and е do not matter. A whole `max_chat_id` or `source` finds its chats too */
                search?: string;
                /** @description Only chats of this university. Curators and operators may name only their own, which is implied */
                university_id?: number;
                /** @description Only chats of this department, whatever the case */
                department?: string;
                /** @description Only chats from this source, whatever the case */
                source?: string;
                /** @description Only chats with one of these statuses, as in `status` of a chat; separated by commas, or repeated */
                status?: ("active" | "denied" | "gone" | "removed" | "left" | "closed" | "suspended" | "unlinked")[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The values by the names of their conditions */
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
            /** @description The chat as it is now */
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
            /** @description The count that MAX gave just now */
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
            /** @description The chat has no MAX id; MAX does not give this chat to the bot */
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
            /** @description Temporarily unavailable; MAX can not be asked now; The MAX integration is switched off; The function is busy or took too long */
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
                /** @description The first day (UTC), at most 732 days before `to`, both included; 90 days unless given */
                from?: string;
                /** @description The last day (UTC); today unless given */
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
                /** @description The first day (UTC), at most 732 days before `to`, both included; 90 days unless given */
                from?: string;
                /** @description The last day (UTC); today unless given */
                to?: string;
                /** @description One university, for who sees all of them */
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
    getLatestFullUpdate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run; null: there was none in the last 30 days */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        run: components["schemas"]["FullUpdate"] | null;
                    };
                };
            };
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
                        /** @description Chats there are */
                        total: number;
                        /** @description How long reading them takes at the quota */
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
                /** @description Chats to compare */
                sample_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The comparison. The drift of a chat is its count in MAX minus the count that is shown. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Server-Timing": components["headers"]["ServerTiming"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        sample_size: number;
                        /** @description Chats whose count MAX gave */
                        checked: number;
                        matched: number;
                        mismatched: number;
                        /** @description Chats that MAX does not give to the bot */
                        unavailable: number;
                        /** @description matched / checked; null: nothing could be checked */
                        accuracy: number | null;
                        /** @description Over the checked chats; a count never read is 0 */
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
            /** @description Temporarily unavailable; MAX can not be asked now; The MAX integration is switched off; The function is busy or took too long */
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
                /** @description A quota in requests per second: `what_if` shows what it would give */
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
            /** @description `degraded`: the service answers, but a dependency is down */
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
