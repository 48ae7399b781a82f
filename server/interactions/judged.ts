import type { Interactions, Version } from '../../resources/engine.ts';
import { StaleJudgement } from '../../resources/stale.ts';
import type { InteractionRequest } from './interaction.ts';

type Judged = Pick<InteractionRequest, 'type' | 'id' | 'judgedBy'>;

/** Throws StaleJudgement if policies looked at another version than the given one. */
export function requireJudged({ judgedBy }: Pick<Judged, 'judgedBy'>, given: Version | undefined): void {
  if (judgedBy && judgedBy.versionId !== given?.versionId) throw new StaleJudgement();
}

/**
 * Rejects with StaleJudgement if the version that policies looked at is no longer current. Called after a read of other
 * versions: the current version decides if they may be seen.
 */
export async function requireStanding(request: Judged, engine: Pick<Interactions, 'find'>): Promise<void> {
  const { type, id, judgedBy } = request;
  if (judgedBy) requireJudged(request, await engine.find(type, id));
}
