import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The output of functions. It goes to one file per function, or to the terminal. Errors always go to the terminal, shortened. */
export interface FunctionLogs {
  /** Adds an output stream of a function. */
  readonly attach: (functionKey: string, output: Readable) => void;
  /** Writes a message of the platform about a function. */
  readonly report: (functionKey: string, headline: string, details?: string) => void;
  close(): void;
}

const SIZE_LIMIT = 10 * 1024 * 1024;
const HEADLINE_LENGTH = 300;

/** Opens the logs. @param dir the folder for the files; `undefined` writes everything to the terminal. */
export function openFunctionLogs(dir: string | undefined): FunctionLogs {
  const files = new Map<string, LogFile>();
  if (dir) mkdirSync(dir, { recursive: true });
  const write = (functionKey: string, line: string) => {
    if (!dir) return console.log(`${functionKey} ${line}`);
    const file = files.get(functionKey) ?? new LogFile(join(dir, `${functionKey}.log`));
    files.set(functionKey, file);
    file.write(line);
  };
  const warn = (functionKey: string, text: string) => {
    console.error(`${functionKey}: ${text.slice(0, HEADLINE_LENGTH)}`);
  };
  return {
    attach(functionKey, output) {
      createInterface({ input: output }).on('line', (line) => {
        write(functionKey, line);
        const error = dir && errorOf(line);
        if (error) warn(functionKey, error);
      });
    },
    report(functionKey, headline, details = headline) {
      write(functionKey, details);
      warn(functionKey, headline);
    },
    close() {
      for (const file of files.values()) file.close();
      files.clear();
    },
  };
}

/** Returns the message of a structured log line of level ERROR or CRITICAL. */
function errorOf(line: string): string | undefined {
  if (!/"level":"(ERROR|CRITICAL)"/.test(line)) return undefined;
  try {
    const { message, error } = JSON.parse(line);
    return error?.message ? `${message} (${error.name}: ${error.message})` : String(message);
  } catch {
    return undefined;
  }
}

/** Appends lines to a file. At 10 MB the file is renamed to `<name>.1`, which replaces the old one. */
class LogFile {
  readonly #path: string;
  #fd: number;
  #size: number;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'a');
    this.#size = fstatSync(this.#fd).size;
  }

  write(line: string): void {
    if (this.#size > SIZE_LIMIT) this.#rotate();
    this.#size += writeSync(this.#fd, `${line}\n`);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #rotate(): void {
    closeSync(this.#fd);
    renameSync(this.#path, `${this.#path}.1`);
    this.#fd = openSync(this.#path, 'a');
    this.#size = 0;
  }
}
