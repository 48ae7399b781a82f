import type { Interactions, Version } from '../../resources/engine.ts';
import { StaleJudgement } from '../../resources/stale.ts';
import type { InteractionRequest } from './interaction.ts';

type Judged = Pick<InteractionRequest, 'type' | 'id' | 'judgedBy'>;

/** Throws StaleJudgement where policies have looked at another version than the one that is given. */
export function requireJudged({ judgedBy }: Pick<Judged, 'judgedBy'>, given: Version | undefined): void {
  if (judgedBy && judgedBy.versionId !== given?.versionId) throw new StaleJudgement();
}

/**
 * Rejects with StaleJudgement where the version that policies have looked at does not stand any more. It is asked
 * behind what reads other versions: they are permitted by the one that stood last.
 */
export async function requireStanding(request: Judged, engine: Pick<Interactions, 'find'>): Promise<void> {
  const { type, id, judgedBy } = request;
  if (judgedBy) requireJudged(request, await engine.find(type, id));
}
