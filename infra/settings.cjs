/** The packager loads only CommonJS, so this file wraps settings.ts and parameters.ts. */
module.exports = async () => {
  const { readSettings } = await import('./settings.ts');
  const { readParameters } = await import('./parameters.ts');
  return { ...readSettings(process.env), parameters: readParameters(process.env) };
};
