/** Other projects' servers, in `bench/peers` with their own dependencies, which are installed on first use. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { CLIENT_SECRET } from './dataset.ts';

const FOLDER = path.resolve('bench/peers');

export interface Peer {
  url: string;
  /** Tokens of the client `bench`. */
  accessToken: string;
  refreshToken: string;
  stop(): Promise<void>;
}

/** Starts oidc-provider, in memory. */
export async function startPeer(): Promise<Peer> {
  if (!existsSync(path.join(FOLDER, 'node_modules'))) {
    const install = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--silent'];
    execFileSync('npm', install, { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const child = spawn(process.execPath, ['oidc-provider.js'], { cwd: FOLDER, stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('READY ')) continue;
    const { url, refreshToken } = JSON.parse(line.slice('READY '.length)) as Pick<Peer, 'url' | 'refreshToken'>;
    const authorization = `Basic ${Buffer.from(`bench:${CLIENT_SECRET}`).toString('base64')}`;
    const body = new URLSearchParams({ grant_type: 'client_credentials' });
    const answer = await fetch(`${url}/token`, { method: 'POST', headers: { authorization }, body });
    const { access_token: accessToken } = (await answer.json()) as { access_token: string };
    return { url, accessToken, refreshToken, stop };
  }
  throw new Error('oidc-provider ended before it listened');
}
