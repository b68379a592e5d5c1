/**
 * `node import-once.mjs FILE` imports a file and prints the time, `[wall ms, CPU ms]`. It is JavaScript, because Node's removal of
 * types would be measured too.
 */
const [, , file] = process.argv;
const cpu = process.cpuUsage();
const startedAt = performance.now();
await import(String(file));
const wallMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify([wallMs, (user + system) / 1_000]));
process.exit(0);
