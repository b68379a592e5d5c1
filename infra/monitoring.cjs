/**
 * Alarms and dashboards (alarms.ts, dashboards.ts) for the functions and queues of serverless.yml.
 * @param {Record<'resolveVariable' | 'resolveConfigurationProperty', (name: any) => Promise<any>>} serverless
 */
module.exports = async ({ resolveVariable, resolveConfigurationProperty }) => {
  const { monitoring } = await import('./monitoring.ts');
  return {
    Resources: monitoring({
      service: await resolveConfigurationProperty(['service']),
      stage: await resolveVariable('sls:stage'),
      cacheNodes: await resolveVariable('self:custom.stage.cacheNodes'),
      timeoutS: await resolveConfigurationProperty(['provider', 'timeout']),
      functions: await resolveConfigurationProperty(['functions']),
      env: process.env,
    }),
  };
};
