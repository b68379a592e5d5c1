import { type Config, readConfig, type Section } from './config.ts';

const sections: Partial<Record<Section, unknown>> = {};

/**
 * The configuration by section: `config.quota.MAX_API_RPS`. This is the only place that reads `process.env`; each section is
 * read once, at its first use.
 * @throws {ConfigError} at that use, naming every bad variable of the environment, not only this section's.
 */
export const config = /* @__PURE__ */ new Proxy(sections as Config, {
  get(_, name: Section) {
    sections[name] ??= readConfig(process.env, [name])[name];
    return sections[name];
  },
});
