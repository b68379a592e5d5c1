/** The packager loads CommonJS only; the settings themselves are in settings.ts and parameters.ts. */
module.exports = async () => {
  const { readSettings } = await import('./settings.ts');
  const { readParameters } = await import('./parameters.ts');
  return { ...readSettings(process.env), parameters: readParameters(process.env) };
};
