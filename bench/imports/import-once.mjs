/** `node import-once.mjs FILE`: imports it and prints how long that took, `[wall ms, CPU ms]`. JavaScript: Node's own work on types would be measured too. */
const [, , file] = process.argv;
const cpu = process.cpuUsage();
const startedAt = performance.now();
await import(String(file));
const wallMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify([wallMs, (user + system) / 1_000]));
process.exit(0);
