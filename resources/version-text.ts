/** The text of a version: written from its content, and read beside the content that is to follow it. */
import type { Version } from './engine.ts';
import { readJson } from './json/read.ts';
import { renderJson } from './json/render.ts';
import { isObject, type JsonObject } from './json/value.ts';
import { resourceOf } from './store.ts';

/** The content of a resource as JSON text. */
export interface ContentText {
  /** The members of `meta` as they stand behind what the server sets: `,"profile":["p"]`. */
  meta: string;
  members: readonly MemberText[];
}

/** Another member of a resource as it stands behind others: `,"active":` and `true`. */
interface MemberText {
  name: string;
  label: string;
  value: string;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** Renders what a resource says beside what the server sets. */
export function renderContent(content: JsonObject): ContentText {
  const members: MemberText[] = [];
  for (const [name, value] of Object.entries(content)) {
    if (name !== 'meta') members.push({ name, label: `,${JSON.stringify(name)}:`, value: renderJson(value) });
  }
  const meta = renderJson(isObject(content['meta']) ? content['meta'] : {});
  return { meta: meta === '{}' ? '' : `,${meta.slice(1, -1)}`, members };
}

/** The text of a version: what the server sets, then the content as it was sent. */
export function renderVersion(
  version: Pick<Version, 'type' | 'id' | 'versionId' | 'lastUpdated'>,
  { meta, members }: ContentText,
): string {
  let text = `${opening(version)}${meta}}`;
  for (const { label, value } of members) text += label + value;
  return `${text}}`;
}

/**
 * The resource of a version, as `resourceOf` gives it, read beside content of the same resource that is to follow it.
 * Most of that is mostly the same: what stands there in the same words is not read again, but shared with it.
 */
export function resourceBeside(
  version: Version | undefined,
  next: { content: JsonObject; text: ContentText },
): JsonObject | undefined {
  return (version && readBeside(version, next)) ?? resourceOf(version);
}

/** Undefined where the members are others, or stand in another order. */
function readBeside(
  version: Version,
  { content, text: { meta, members } }: { content: JsonObject; text: ContentText },
): JsonObject | undefined {
  const { type, id, versionId, lastUpdated } = version;
  const text = version.text ?? '';
  const start = `${opening(version)}${meta}}`;
  if (text.slice(0, start.length) !== start) return undefined;
  const served = { versionId: String(versionId), lastUpdated: new Date(lastUpdated).toISOString() };
  const said = content['meta'];
  const resource: JsonObject = { resourceType: type, id, meta: isObject(said) ? { ...served, ...said } : served };
  let at = start.length;
  for (const { name, label, value } of members) {
    const from = at + label.length;
    if (text.slice(at, from) !== label) return undefined;
    const same = content[name];
    at = from + value.length;
    // Where it is a number that goes on, what follows is no member, and no end.
    if (same !== undefined && text.slice(from, at) === value) {
      resource[name] = same;
    } else {
      at = endOfValue(text, from);
      resource[name] = readJson(text.slice(from, at));
    }
  }
  return at === text.length - 1 ? resource : undefined;
}

function opening({ type, id, versionId, lastUpdated }: Parameters<typeof renderVersion>[0]): string {
  const time = new Date(lastUpdated).toISOString();
  return `{"resourceType":"${type}","id":"${id}","meta":{"versionId":"${versionId}","lastUpdated":"${time}"`;
}

function isEnd(code: number): boolean {
  return code === COMMA || code === OBJECT_END;
}

/** Where a value ends that begins here: at what follows it in an object. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (depth === 0 && isEnd(code)) return at;
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OBJECT || code === ARRAY) depth += 1;
    else if (code === OBJECT_END || code === ARRAY_END) depth -= 1;
  }
  return text.length;
}

/** Where the closing quote of a string stands that opens here. */
function endOfString(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
