/** The properties that the elements of a type are sent under (https://hl7.org/fhir/R4/formats.html#choice). */
import type { ElementDefinition, TypeDefinition } from './definition.ts';

type Elements = Record<string, ElementDefinition>;

/** The property of a choice of one type: `valueQuantity`. */
export function choiceKey(element: string, type: string): string {
  return element + type.charAt(0).toUpperCase() + type.slice(1);
}

/** The properties that the values of an element are sent under: of a choice, one for each of its types. */
export function propertiesOf(name: string, { choice }: ElementDefinition): string[] {
  return choice?.map((type) => choiceKey(name, type)) ?? [name];
}

/** The element that a property is of; that of a choice with the type that the property names. */
export function elementOf(elements: Elements, property: string): ElementDefinition | undefined {
  if (Object.hasOwn(elements, property)) return elements[property];
  for (const [name, { choice, ...element }] of Object.entries(elements)) {
    if (choice === undefined || !property.startsWith(name)) continue;
    const type = choice.find((each) => property === choiceKey(name, each));
    if (type !== undefined) return { ...element, type };
  }
  return undefined;
}

/** Where types are looked up by their names. */
interface Types {
  resource(name: string): TypeDefinition | undefined;
  datatype(name: string): TypeDefinition | undefined;
}

/** The children of a nested element given by its path from the type (`Questionnaire.item`). */
export function childrenAt(types: Types, path: string): Elements | undefined {
  const [type = '', ...names] = path.split('.');
  let children = (types.resource(type) ?? types.datatype(type))?.elements;
  for (const name of names) children = children?.[name]?.elements;
  return children;
}
