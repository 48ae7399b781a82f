/** The invariants of Questionnaire (https://hl7.org/fhir/R4/questionnaire.html#invs). */
import type { Json, JsonObject } from '../../json/value.ts';
import { areDistinct, descendants, has, notAll, objects, type Rule, textOf } from './values.ts';

const LISTED = new Set('choice open-choice decimal integer date dateTime time string quantity'.split(' '));
const MEASURED = new Set('boolean decimal integer string text url open-choice'.split(' '));
const ANSWERLESS = new Set(['group', 'display']);

const among =
  (types: ReadonlySet<string>): Rule =>
  ({ type }) =>
    types.has(textOf(type));

/** A display item must not have these elements. */
const displaysWithout =
  (...names: string[]): Rule =>
  (item) =>
    item.type !== 'display' || names.every((name) => !has(item, name));

function isNested(item: JsonObject): boolean {
  if (item.type === 'group') return has(item, 'item');
  return item.type !== 'display' || !has(item, 'item');
}

function hasDistinctLinks(questionnaire: JsonObject): boolean {
  return areDistinct(descendants(questionnaire, 'linkId').map((link: Json) => link));
}

export const QUESTIONNAIRE: Record<string, Rule> = {
  'que-1': isNested,
  'que-2': hasDistinctLinks,
  'que-3': displaysWithout('code'),
  'que-4': notAll('answerOption', 'answerValueSet'),
  'que-5': (item) => among(LISTED)(item) || (!has(item, 'answerOption') && !has(item, 'answerValueSet')),
  'que-6': displaysWithout('required', 'repeats'),
  'que-8': (item) => !among(ANSWERLESS)(item) || !has(item, 'initial'),
  'que-9': displaysWithout('readOnly'),
  'que-10': (item) => among(MEASURED)(item) || !has(item, 'maxLength'),
  'que-11': notAll('answerOption', 'initial'),
  'que-12': (item) => objects(item, 'enableWhen').length <= 2 || has(item, 'enableBehavior'),
  'que-13': (item) => item.repeats === true || objects(item, 'initial').length <= 1,
};
