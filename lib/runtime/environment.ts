import { type Config, readConfig, type Section } from './config.ts';

/** The only place that reads `process.env`: each section once, when it is first asked for. */

const read = new Map<Section, unknown>();

/** @throws {ConfigError} naming every bad variable of the environment, not only this section's. */
export function section<S extends Section>(name: S): Config<S>[S] {
  if (!read.has(name)) read.set(name, readConfig(process.env, [name])[name]);
  return read.get(name) as Config<S>[S];
}
