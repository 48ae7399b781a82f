/** Order, pages and totals (FHIR R4 §3.1.1.5), with few matches, which are sorted in memory, and with many. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { Failure } from '../../resources/errors.ts';
import { type Library, openLibrary } from './library.ts';

interface Person {
  id: string;
  gender: string | undefined;
  family: string | undefined;
  births: string | undefined;
}

const PEOPLE = 1300;
const FAMILIES = ['ähn', 'Zed', 'bo', 'Bo', '\u{1f600}smile', '\uffeehigh', 'émile', 'Straße'];

function person(index: number): Person {
  return {
    id: `p${index}`,
    gender: index % 3 === 0 ? 'female' : 'male',
    family: index % 5 === 0 ? undefined : `${FAMILIES[index % FAMILIES.length]}${index % 17}`,
    births: index % 7 === 0 ? undefined : `19${String(10 + (index % 61))}-0${1 + (index % 9)}-11`,
  };
}

/** Case and accents aside, by code point: what the databases must do. */
function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase();
}

function compare(left: string | undefined, right: string | undefined, sign: number): number {
  if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? 1 : -1;
  return sign * Buffer.compare(Buffer.from(folded(left)), Buffer.from(folded(right)));
}

describe('Order, pages and totals', () => {
  let library: Library;
  const people = Array.from({ length: PEOPLE }, (_, index) => person(index));

  before(async () => {
    library = await openLibrary(['Patient']);
    for (const [index, { id, gender, family, births }] of people.entries()) {
      const resource = { resourceType: 'Patient', id, gender, name: [{ family }], birthDate: births };
      await library.add(JSON.parse(JSON.stringify(resource)), 1000 * ((index * 7919) % PEOPLE));
    }
  });

  after(() => library.close());

  /** The ids in order; ties by creation, reversed where the first key descends. */
  function expected(keep: (person: Person) => boolean, keys: [key: keyof Person, sign: 1 | -1][]): string[] {
    const tie = keys[0]?.[1] ?? 1;
    const sorted = people
      .map((each, index) => ({ each, index }))
      .filter(({ each }) => keep(each))
      .sort((left, right) => {
        for (const [key, sign] of keys) {
          const order = compare(left.each[key], right.each[key], sign);
          if (order !== 0) return order;
        }
        return tie * (left.index - right.index);
      });
    return sorted.map(({ each }) => each.id);
  }

  const everyone = () => true;
  const female = ({ gender }: Person) => gender === 'female';
  const ORDERS: [query: string, keep: (person: Person) => boolean, keys: [keyof Person, 1 | -1][]][] = [
    ['', everyone, []],
    ['gender=female', female, []],
    ['_sort=family', everyone, [['family', 1]]],
    ['_sort=-family', everyone, [['family', -1]]],
    ['_sort=birthdate', everyone, [['births', 1]]],
    ['_sort=-birthdate', everyone, [['births', -1]]],
    ['gender=female&_sort=family', female, [['family', 1]]],
    ['gender=female&_sort=-birthdate', female, [['births', -1]]],
    ['gender:not=x&_sort=family', everyone, [['family', 1]]],
    [
      '_sort=gender,-family',
      everyone,
      [
        ['gender', 1],
        ['family', -1],
      ],
    ],
    [
      '_sort=-gender,birthdate,family',
      everyone,
      [
        ['gender', -1],
        ['births', 1],
        ['family', 1],
      ],
    ],
    [
      'gender=female&_sort=birthdate,-family',
      female,
      [
        ['births', 1],
        ['family', -1],
      ],
    ],
    ['_sort=-_id', everyone, [['id', -1]]],
  ];

  for (const [query, keep, keys] of ORDERS) {
    for (const count of [97, 1000]) {
      it(`every page of ?${query} by ${count}`, async () => {
        const ids = await library.ids('Patient', `${query}&_count=${count}`);
        expect(ids).to.deep.equal(expected(keep, keys));
      });
    }
  }

  it('_lastUpdated sorts by time', async () => {
    const times = (await library.search('Patient', '_sort=-_lastUpdated&_count=1000')).matches.map(
      (each) => each.lastUpdated,
    );
    expect(times).to.deep.equal([...times].sort((left, right) => right - left));
  });

  it('a resource stored meanwhile neither repeats nor hides another', async () => {
    const first = await library.search('Patient', '_sort=family&birthdate=1950&_count=5');
    await library.add({ resourceType: 'Patient', id: 'new', name: [{ family: 'aaa' }], birthDate: '1950-01-01' });
    const rest = await library.search('Patient', `_sort=family&birthdate=1950&_count=100&_cursor=${first.next}`);
    const ids = [...first.matches, ...rest.matches].map(({ id }) => id);
    expect(ids).to.deep.equal(expected(({ births }) => births?.startsWith('1950') === true, [['family', 1]]));
  });

  it('totals are exact or absent', async () => {
    const total = async (query: string) => (await library.search('Patient', query)).total;
    const females = people.filter(female).length;
    expect(await total('gender=female&_count=10')).to.equal(females);
    expect(await total('gender=female&_count=10&_sort=family')).to.equal(females);
    expect(await total('gender=female&_count=10&_total=none')).to.equal(undefined);
    expect(await total('gender:missing=false&_count=10')).to.equal(undefined);
    expect(await total('gender:missing=false&_count=10&_total=accurate')).to.equal(PEOPLE);
    expect(await total('gender:missing=false&_summary=count')).to.equal(PEOPLE);
    expect(await total('gender:missing=false&_count=0')).to.equal(PEOPLE);
    expect(await total('family=nobody')).to.equal(0);
  });

  it('_count is 100 where it is not given and at most 1000; the last one counts', async () => {
    const length = async (query: string) => (await library.search('Patient', query)).matches.length;
    expect(await length('')).to.equal(100);
    expect(await length('_count=5000')).to.equal(1000);
    expect(await length('_count=5&_count=7')).to.equal(7);
  });

  it('a cursor serves its own search alone', async () => {
    const { next } = await library.search('Patient', 'gender=female&_sort=family&_count=5');
    const parse = (query: string) => () => library.parse('Patient', `${query}&_cursor=${next}`);
    expect(parse('_sort=family&gender=female&_count=50&_total=accurate')).to.not.throw();
    for (const other of [
      'gender=female',
      'gender=female&_sort=-family',
      'gender=male&_sort=family',
      'gender=female&_sort=family&name=a',
    ]) {
      expect(parse(other), other).to.throw(Failure, /_cursor/);
    }
  });

  it('forged cursors are refused', () => {
    const fingerprint = library.parse('Patient', '_sort=birthdate').fingerprint();
    const forged = [
      [fingerprint],
      [fingerprint, 1],
      [fingerprint, -1, 1],
      [fingerprint, 1.5, 1],
      [fingerprint, '1', 1],
      [fingerprint, 1, '1; DROP TABLE resource'],
      [fingerprint, 1, 0.5],
      [fingerprint, 1, 1e300],
      [fingerprint, 1, {}],
      [fingerprint, 1, 1, 1],
      ['other', 1, 1],
      { 0: fingerprint },
      null,
    ];
    for (const each of forged) {
      const cursor = Buffer.from(JSON.stringify(each)).toString('base64url');
      expect(() => library.parse('Patient', `_sort=birthdate&_cursor=${cursor}`), JSON.stringify(each)).to.throw(
        Failure,
        /_cursor/,
      );
    }
    for (const cursor of ['%00', "'", '!!', 'bm90IGpzb24', 'A'.repeat(5000)]) {
      expect(() => library.parse('Patient', `_sort=birthdate&_cursor=${cursor}`), cursor).to.throw(Failure, /_cursor/);
    }
    const text = library.parse('Patient', '_sort=family').fingerprint();
    const nul = Buffer.from(JSON.stringify([text, 1, 'a\0b'])).toString('base64url');
    expect(() => library.parse('Patient', `_sort=family&_cursor=${nul}`)).to.throw(Failure, /_cursor/);
  });
});
