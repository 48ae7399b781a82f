/** `npm run export -- DIR [TYPE…] [--url URL]`: writes all current resources as NDJSON, one file per type. */
import { type FileHandle, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../server/database/folder.ts';
import { readArguments } from './arguments.ts';
import { runCommand } from './command.ts';
import { CommandError } from './errors.ts';
import { reserve, writing } from './files.ts';
import { Progress } from './progress.ts';
import { reach } from './reach/open.ts';
import type { Reach } from './reach/reach.ts';

await runCommand('The export', async (config) => {
  const { words, url } = readArguments();
  const [folder, ...chosen] = words;
  if (folder === undefined) throw new CommandError('name a folder: npm run export -- backup');
  await writing(folder, makeFolder(path.resolve(folder)));
  // Marks the folder as incomplete. The marker remains if the export is killed.
  const unfinished = path.join(folder, 'export.partial');
  await reserve(unfinished);
  try {
    return await exportInto(folder, chosen, await reach(config, url));
  } finally {
    await rm(unfinished, { force: true });
  }
});

/** Exports the resources of the chosen types, or of all. Returns a summary for the user. */
async function exportInto(folder: string, chosen: string[], way: Reach): Promise<string> {
  const progress = new Progress();
  let count = 0;
  try {
    // Files of an earlier export would look like part of this one.
    const earlier = (await readdir(folder)).find((name) => name.endsWith('.ndjson'));
    if (earlier !== undefined) throw new CommandError(`${folder} already contains ${earlier}: name a new folder`);
    const served = await way.types();
    const unknown = chosen.find((type) => !served.includes(type));
    if (unknown !== undefined) throw new CommandError(`there is no resource type ${unknown}`);
    for (const type of chosen.length > 0 ? chosen : served) {
      count += await exportType(way, type, folder, (written) => {
        progress.show({ count: count + written, unit: 'resources', note: type });
      });
    }
  } finally {
    progress.end();
    await way.close();
  }
  return `${progress.summary({ count, unit: 'resources' })}, from ${way.name} into ${folder}\n`;
}

/** Creates a file that only its owner can read. It replaces a link, or a file of somebody else, instead of using it. */
async function anew(partial: string): Promise<FileHandle> {
  try {
    await unlink(partial);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return open(partial, 'wx', 0o600);
}

/** Writes the resources of a type, if there are any. Returns their number. The file is renamed once it is complete. */
async function exportType(way: Reach, type: string, folder: string, tell: (written: number) => void): Promise<number> {
  const name = path.join(folder, `${type}.ndjson`);
  const partial = `${name}.partial`;
  let count = 0;
  let file: FileHandle | undefined;
  try {
    for await (const texts of way.pages(type)) {
      file ??= await writing(partial, anew(partial));
      await writing(partial, file.appendFile(`${texts.join('\n')}\n`));
      count += texts.length;
      tell(count);
    }
  } finally {
    await file?.close();
  }
  if (file) await writing(name, rename(partial, name));
  return count;
}
