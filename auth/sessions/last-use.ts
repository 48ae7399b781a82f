import type { Clock } from '../../resources/clock.ts';
import type { Engine } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';

/** Where a request came from. */
export interface Origin {
  /** The caller's IP address. */
  address: string;
  userAgent: string | undefined;
}

export interface LastUses {
  /** Notes in memory that a token of this Session was just used. */
  note(sessionId: string, origin: Origin): void;
  /** Writes the noted uses, in small jobs. If a job fails, rejects and keeps what is unwritten for the next flush. */
  flush(): Promise<void>;
}

interface Use extends Origin {
  /** Milliseconds since the epoch. */
  at: number;
}

/** The most Sessions noted between two flushes; uses of further Sessions are dropped. */
const MOST_NOTED = 50_000;
const SESSIONS_A_JOB = 50;

/**
 * Records when and from where each Session was last used. A request costs one map entry; the caller of `flush` decides
 * when the entries are written. A Session that has ended in the meantime is not changed.
 */
export function createLastUses({ engine, clock }: { engine: Engine; clock: Clock }): LastUses {
  let noted = new Map<string, Use>();
  return {
    note(sessionId, { address, userAgent }) {
      const known = noted.get(sessionId);
      if (known) {
        known.at = clock();
        known.address = address;
        known.userAgent = userAgent;
      } else if (noted.size < MOST_NOTED) {
        noted.set(sessionId, { at: clock(), address, userAgent });
      }
    },
    async flush() {
      const uses = [...noted];
      noted = new Map();
      for (let start = 0; start < uses.length; start += SESSIONS_A_JOB) {
        try {
          await writeUses(engine, uses.slice(start, start + SESSIONS_A_JOB));
        } catch (error) {
          // Entries noted in the meantime are newer.
          for (const [id, use] of uses.slice(start)) {
            if (!noted.has(id) && noted.size < MOST_NOTED) noted.set(id, use);
          }
          throw error;
        }
      }
    },
  };
}

function writeUses(engine: Engine, uses: readonly (readonly [string, Use])[]): Promise<void> {
  const looksAt = uses.map(([id]) => ({ type: 'Session', id }));
  return engine.transact(async (transaction) => {
    for (const [id, use] of uses) {
      await transaction.note('Session', id, (session) => {
        // Decided inside the write queue: a late write neither revives an ended Session nor restores an earlier use.
        if (session['active'] === false || Date.parse(String(session['last_used'])) >= use.at) return undefined;
        return withUse(session, use);
      });
    }
  }, looksAt);
}

/** Returns the Session with its last use replaced. */
export function withUse(session: JsonObject, { at, address, userAgent }: Use): JsonObject {
  const { last_used: _used, last_ip: _ip, last_user_agent: _agent, ...rest } = session;
  const agent = shownAgent(userAgent);
  return {
    ...rest,
    last_used: new Date(at).toISOString(),
    ...(address === '' ? {} : { last_ip: address }),
    ...(agent === undefined ? {} : { last_user_agent: agent }),
  };
}

/**
 * Returns the User-Agent as stored: printable ASCII, at most 256 characters, enough to recognise a browser or library.
 * Returns undefined if nothing is left.
 */
export function shownAgent(text: string | undefined): string | undefined {
  const shown = text
    ?.replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 256)
    .trim();
  return shown === '' ? undefined : shown;
}
