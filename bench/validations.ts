/** Validates synthetic patients one by one on one core; every fourth has faults that must be reported. */
import { readFileSync } from 'node:fs';
import { readJson } from '../resources/json/read.ts';
import { isObject, type JsonObject } from '../resources/json/value.ts';
import { createRegistry } from '../resources/registry.ts';
import { servedTypes } from '../resources/served.ts';

export interface ValidationLoad {
  /** `ours` validates parsed resources; `floor` parses their text with JSON.parse. */
  side: 'ours' | 'floor';
  seconds: number;
}

const TEXTS = readFileSync('test/data/patients.ndjson', 'utf8').trimEnd().split('\n');

/** The faults of an invalid patient, and the expressions of its issues. */
const FAULTS: JsonObject = { birthDate: '2023-02-29', gender: 'm', communication: [{}], color: 'red' };
const FAULTY = ['birthDate', 'gender', 'communication[0].language', 'color'].map((place) => `Patient.${place}`);

const patients = TEXTS.map((text, index) => {
  const patient = readJson(text);
  if (!isObject(patient)) throw new Error(`line ${index + 1} is not a resource`);
  return index % 4 === 3 ? { ...patient, ...FAULTS } : patient;
});
const served = servedTypes(createRegistry())('Patient');

/** Runs for some seconds; returns the rate per CPU second. Throws if an issue is missing or unexpected. */
export async function validatePatients({ side, seconds }: ValidationLoad): Promise<{ rate: number }> {
  const began = performance.now();
  const used = process.cpuUsage();
  let done = 0;
  while (performance.now() - began < seconds * 1000) {
    if (side === 'ours') for (const [index, patient] of patients.entries()) check(index, patient);
    else for (const text of TEXTS) JSON.parse(text);
    done += TEXTS.length;
  }
  const { user, system } = process.cpuUsage(used);
  return { rate: done / ((user + system) / 1e6) };
}

function check(index: number, patient: JsonObject): void {
  const issues = served?.validate(patient) ?? [];
  const places = issues.map(({ expression = [] }) => expression.join());
  const right = index % 4 === 3 ? FAULTY.every((place) => places.includes(place)) : places.length === 0;
  if (!right) throw new Error(`line ${index + 1}: ${places.join(' ')}`);
}
