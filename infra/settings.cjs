/** The packager loads CommonJS only; the settings themselves are in settings.ts. */
module.exports = async () => {
  const { readSettings } = await import('./settings.ts');
  return readSettings(process.env);
};
