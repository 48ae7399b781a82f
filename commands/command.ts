import { type Config, readConfig } from '../server/config.ts';
import { endWith } from '../server/startup/end-with.ts';

/**
 * Runs a command with the settings of the environment and prints the text that it returns. An error that prevents its
 * work (an invalid setting, a file locked by a server) is printed in one line, and the exit code is 1.
 */
export async function runCommand(name: string, work: (config: Config) => Promise<string>): Promise<void> {
  try {
    process.stdout.write(await work(readConfig(process.env)));
  } catch (error) {
    endWith(error, `${name} failed`);
  }
}
