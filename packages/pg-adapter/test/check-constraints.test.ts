import { describe, expect, test } from 'vitest'
import { postgresStore } from '../src/index.ts'
import { freshSchema } from './test-database.ts'

const { sql, schema, flags, segments } = await freshSchema()
const store = postgresStore({ sql, schema })

describe('an edit by SQL that the schema of a record forbids is refused', () => {
  const emoji = '😀'
  const objects = (many: number): string => `(SELECT jsonb_agg('{}'::jsonb) FROM generate_series(1, ${many}))`
  const cases: readonly (readonly [string, string, string])[] = [
    ['name', `' a'`, 'name_is_legal'],
    ['name', `'a:b'`, 'name_is_legal'],
    ['name', `E'a\\n'`, 'name_is_legal'],
    ['name', `'é'`, 'name_is_legal'],
    ['name', `repeat('a', 129)`, 'name_is_legal'],
    ['schema', '0', 'schema_from_1'],
    ['rollout', '-0.001', 'rollout_0_to_100'],
    ['rollout', '100.001', 'rollout_0_to_100'],
    ['rollout', `'NaN'`, 'rollout_0_to_100'],
    ['rollout', '33.3333', 'rollout_three_decimals'],
    ['description', `repeat('x', 2001)`, 'description_at_most_2000'],
    ['description', `repeat('${emoji}', 1001)`, 'description_at_most_2000'],
    ['owner', `''`, 'owner_1_to_200'],
    ['owner', `repeat('x', 201)`, 'owner_1_to_200'],
    ['tags', `array_fill('x'::text, ARRAY[51])`, 'tags_fit'],
    ['tags', `ARRAY['']`, 'tags_fit'],
    ['tags', `ARRAY[repeat('x', 101)]`, 'tags_fit'],
    ['tags', `ARRAY[NULL]::text[]`, 'tags_fit'],
    ['tags', `ARRAY[['x'], ['y']]`, 'tags_fit'],
    ['expires_at', `'infinity'`, 'expires_at_is_a_date'],
    ['expires_at', `'0001-01-01 BC'`, 'expires_at_is_a_date'],
    ['salt', `''`, 'salt_1_to_200'],
    ['salt', `repeat('${emoji}', 101)`, 'salt_1_to_200'],
    ['salt', `'a:b'`, 'salt_without_colon'],
    ['hash_version', '2', 'hash_version_is_1'],
    ['requires', `'{}'`, 'requires_fit'],
    ['requires', `'null'`, 'requires_fit'],
    ['requires', `'["a"]'`, 'requires_fit'],
    ['requires', `'[[{}]]'`, 'requires_fit'],
    ['requires', objects(51), 'requires_fit'],
    ['rules', `'"all"'`, 'rules_fit'],
    ['rules', `'[{}, null]'`, 'rules_fit'],
    ['rules', objects(1_001), 'rules_fit'],
    ['variants', `'1'`, 'variants_fit'],
    ['variants', objects(101), 'variants_fit'],
    ['ramp', `'[]'`, 'ramp_is_an_object'],
    ['ramp', `'null'`, 'ramp_is_an_object'],
    ['bucket_by', `''`, 'bucket_by_1_to_200'],
    ['bucket_by', `repeat('${emoji}', 101)`, 'bucket_by_1_to_200'],
  ]
  test.each(cases)('%s = %s', async (column, value, constraint) => {
    await sql.unsafe(`INSERT INTO ${flags} (name) VALUES ('legal') ON CONFLICT DO NOTHING`)
    await expect(sql.unsafe(`UPDATE ${flags} SET ${column} = ${value}`)).rejects.toMatchObject({
      code: '23514',
      constraint_name: `feature_flags_${constraint}`,
    })
  })

  const ofSegments: readonly (readonly [string, string, string])[] = [
    ['name', `'a:b'`, 'name_is_legal'],
    ['name', `repeat('a', 129)`, 'name_is_legal'],
    ['schema', '1', 'schema_from_2'],
    ['description', `repeat('x', 2001)`, 'description_at_most_2000'],
    ['members', `array_fill('x'::text, ARRAY[10001])`, 'members_fit'],
    ['members', `ARRAY['']`, 'members_fit'],
    ['members', `ARRAY[repeat('${emoji}', 129)]`, 'members_fit'],
    ['members', `ARRAY['x', NULL]`, 'members_fit'],
    ['members', `ARRAY[['x'], ['y']]`, 'members_fit'],
    ['conditions', `'{}'`, 'conditions_fit'],
    ['conditions', `'[[]]'`, 'conditions_fit'],
    ['conditions', objects(101), 'conditions_fit'],
  ]
  test.each(ofSegments)('%s = %s of a segment', async (column, value, constraint) => {
    await sql.unsafe(`INSERT INTO ${segments} (name) VALUES ('legal') ON CONFLICT DO NOTHING`)
    await expect(sql.unsafe(`UPDATE ${segments} SET ${column} = ${value}`)).rejects.toMatchObject({
      code: '23514',
      constraint_name: `feature_flag_segments_${constraint}`,
    })
  })

  test('but the longest legal values are accepted and can be read', async () => {
    const name = `${'x'.repeat(127)}-`
    const content = {
      name,
      description: emoji.repeat(1_000),
      owner: emoji.repeat(100),
      tags: Array.from({ length: 50 }, () => emoji.repeat(50)),
      salt: emoji.repeat(100),
      expiresAt: '9999-12-31T23:59:59.999Z',
      rollout: 2.007,
      bucketBy: emoji.repeat(100),
      requires: Array.from({ length: 50 }, (_, index) => ({ flag: `${index}` })),
    }
    const { after } = await store.create(content)
    expect(after).toMatchObject(content)
    expect((await store.load([name])).flags.get(name)).toEqual(after)
    const members = Array.from({ length: 10_000 }, (_, index) => (index % 10 ? `${index}` : emoji.repeat(128)))
    const { after: segment } = await store.segments.create({ name, members, description: emoji.repeat(1_000) })
    expect((await store.load([`segment:${name}`])).flags.get(`segment:${name}`)).toEqual(segment)
  })
})
