const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/**
 * Removes the temporary files of a packaging. serverless-esbuild tries to remove one folder for each function while it still
 * has content, ignores the error, and leaves it. So each run of osls gets a temporary folder, which is removed at its end.
 */
module.exports = class TemporaryFiles {
  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'chat-participants-osls-'));
    process.env.TMPDIR = folder;
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  }
};
