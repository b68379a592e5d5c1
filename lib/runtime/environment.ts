import { type Config, readConfig, type Section } from './config.ts';

const sections: Partial<Record<Section, unknown>> = {};

/**
 * The configuration by section: `config.quota.MAX_API_RPS`. Only this module reads `process.env`. It reads each section once, at
 * its first use.
 * @throws {ConfigError} at the first use, with all invalid variables of the environment, not only those of the section.
 */
export const config = /* @__PURE__ */ new Proxy(sections as Config, {
  get(_, name: Section) {
    sections[name] ??= readConfig(process.env, [name])[name];
    return sections[name];
  },
});
