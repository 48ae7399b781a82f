/** The JSON properties of a type's elements (https://hl7.org/fhir/R4/formats.html#choice). */
import type { ElementDefinition, TypeDefinition } from './definition.ts';

type Elements = Record<string, ElementDefinition>;

/** Returns the property of a choice for one type: `valueQuantity`. */
export function choiceKey(element: string, type: string): string {
  return element + type.charAt(0).toUpperCase() + type.slice(1);
}

/** Returns the properties of an element: for a choice, one per type. */
export function propertiesOf(name: string, { choice }: ElementDefinition): string[] {
  return choice?.map((type) => choiceKey(name, type)) ?? [name];
}

/** Returns the element of a property; for a choice, with the type that the property names. */
export function elementOf(elements: Elements, property: string): ElementDefinition | undefined {
  if (Object.hasOwn(elements, property)) return elements[property];
  for (const [name, { choice, ...element }] of Object.entries(elements)) {
    if (choice === undefined || !property.startsWith(name)) continue;
    const type = choice.find((each) => property === choiceKey(name, each));
    if (type !== undefined) return { ...element, type };
  }
  return undefined;
}

/** Looks types up by name. */
interface Types {
  resource(name: string): TypeDefinition | undefined;
  datatype(name: string): TypeDefinition | undefined;
}

/** Returns the children of a nested element by its path from the type (`Questionnaire.item`). */
export function childrenAt(types: Types, path: string): Elements | undefined {
  const [type = '', ...names] = path.split('.');
  let children = (types.resource(type) ?? types.datatype(type))?.elements;
  for (const name of names) children = children?.[name]?.elements;
  return children;
}
