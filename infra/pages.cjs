/** Builds the web pages before the packaging bundles the function that serves them. */
module.exports = class Pages {
  hooks = {
    'before:package:initialize': async () => {
      const { buildPages } = await import('../web/build.ts');
      await buildPages();
    },
  };
};
