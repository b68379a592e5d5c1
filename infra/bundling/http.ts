/**
 * `node:http` for the bundles (`custom.esbuild.alias`). An ES import of it touches each of its exports, and one of them,
 * `WebSocket`, loads all of undici: some 20 ms of every cold start, for nothing. What is used of it is named here.
 */
const http = process.getBuiltinModule('node:http');

export default http;
export const { Agent, request, STATUS_CODES } = http;
