/** A clone of the project with its packages installed, for commands that install, build or test it. */
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

/** What a clone does not copy. Packages are linked. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'data', 'coverage']);

/** Clones into a temporary folder. Packages are hard links, which cost no copy and which a command may replace. */
export function cloneProject(): Clone {
  const folder = mkdtempSync(path.join(tmpdir(), 'ward-clone-'));
  for (const entry of readdirSync('.')) {
    if (!LEFT_OUT.has(entry)) cpSync(entry, path.join(folder, entry), { recursive: true });
  }
  link(realpathSync('node_modules'), path.join(folder, 'node_modules'));
  // npm writes this file in place, which would change the original through a hard link.
  rmSync(path.join(folder, LIST));
  copyFileSync(LIST, path.join(folder, LIST));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const LIST = path.join('node_modules', '.package-lock.json');

/** Links every file of a folder; copies it if the temporary folder is on another disk. */
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
