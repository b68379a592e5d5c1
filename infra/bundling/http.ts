/**
 * Replaces `node:http` in the bundles (`custom.esbuild.alias`). An ES import evaluates each export of `node:http`, and `WebSocket`
 * loads all of undici. That would add about 20 ms to every cold start. This module exports only what the bundles use.
 */
const http = process.getBuiltinModule('node:http');

export default http;
export const { Agent, request, STATUS_CODES } = http;
