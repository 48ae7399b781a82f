/** A clone of the project whose packages are there already: for commands that install, build or test it. */
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Clone {
  folder: string;
  remove(): void;
}

/** What a clone does not bring, beside the packages, which are linked. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'data', 'coverage']);

/** Makes one in a temporary folder. Packages are hard links, so that a command may replace them but costs no copy. */
export function cloneProject(): Clone {
  const folder = mkdtempSync(path.join(tmpdir(), 'ward-clone-'));
  for (const entry of readdirSync('.')) {
    if (!LEFT_OUT.has(entry)) cpSync(entry, path.join(folder, entry), { recursive: true });
  }
  link(realpathSync('node_modules'), path.join(folder, 'node_modules'));
  // npm writes its own list in place.
  rmSync(path.join(folder, LIST));
  copyFileSync(LIST, path.join(folder, LIST));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const LIST = path.join('node_modules', '.package-lock.json');

/** Links every file of a folder; copies those where the temporary folder is on another disk. */
function link(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) link(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkOrCopy(source, target);
  }
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(source, target);
  }
}
