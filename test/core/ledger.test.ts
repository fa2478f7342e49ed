import { describe, expect, it } from 'vitest'
import type { FileChange, HistoryCommit, Oid } from '../../src/core/history.js'
import { createRows, describeVersions, liveIn, newestIn } from '../../src/core/ledger.js'
import type { Slug } from '../../src/core/slug.js'
import { environment, type Sketch, versionsOf } from './versions.js'

const commit = (name: string, ...paths: string[]): HistoryCommit => ({
  commit: name as Oid,
  author: { name: 'A', email: 'a@x' },
  committedAt: 0,
  subject: '',
  changes: paths.map((path): FileChange => ({ path, blob: `${name} ${path}` as Oid, mode: '100644' })),
})
const path = (slug: string, name = 'development') => `prompts/${name}/${slug}-3f8a2b1c.yaml`

describe('createRows', () => {
  it('numbers the versions of each slug, oldest first, two environments in the order given [case 13]', () => {
    const rows = createRows(
      [commit('3', path('a', 'production'), path('a', 'staging')), commit('2', path('b')), commit('1', path('a'))],
      '',
    )
    const brief = (slug: string) =>
      rows.get(slug as Slug)?.map((row) => `${row.version} ${row.commit} ${row.environment}`)
    expect(brief('a-3f8a2b1c')).toEqual(['1 1 development', '2 3 production', '3 3 staging'])
    expect(brief('b-3f8a2b1c')).toEqual(['1 2 development'])
    expect(
      [...rows.values()]
        .flat()
        .map(({ position }) => position)
        .sort(),
    ).toEqual([0, 1, 2, 3])
  })

  it('looks below its own prefix alone [case 2]', () => {
    const history = [commit('1', path('a'), `team/${path('a')}`, `team/x/${path('b')}`)]
    expect([...createRows(history, 'team/').keys()]).toEqual(['a-3f8a2b1c'])
    expect(createRows(history, 'team/').get('a-3f8a2b1c' as Slug)?.[0]?.blob).toBe(`1 team/${path('a')}`)
    expect([...createRows(history, 'te')]).toEqual([])
  })

  it.each([
    'prompts/a-3f8a2b1c.yaml',
    'prompts/x/y/a-3f8a2b1c.yaml',
    'prompts/x/a.yaml',
    'prompts/X/a-3f8a2b1c.yaml',
    'prompts/x/a-3f8a2b1c.yml',
    'prompts/x/__proto__.yaml',
    'other/x/a-3f8a2b1c.yaml',
    'prompts/x/A-3f8a2b1c.yaml',
  ])('passes over %s', (other) => {
    expect(createRows([commit('1', other)], '').size).toBe(0)
  })

  it('goes on after what older history gave, without changing it', () => {
    const older = createRows([commit('1', path('a'))], '')
    const rows = createRows([commit('3', path('b')), commit('2', path('a'))], '', older)
    expect(rows.get('a-3f8a2b1c' as Slug)?.map(({ version, commit: name }) => [version, name])).toEqual([
      [1, '1'],
      [2, '2'],
    ])
    expect(older.get('a-3f8a2b1c' as Slug)).toHaveLength(1)
    expect(rows).toEqual(createRows([commit('3', path('b')), commit('2', path('a')), commit('1', path('a'))], ''))
  })
})

const D = 'development'
const S = 'staging'
const CASES: readonly (readonly [name: string, sketches: readonly Sketch[], actions: string, live: string])[] = [
  ['a draft', [[D, 'draft']], 'created', ''],
  ['published at once', [[D, 'published']], 'published', '1'],
  [
    'draft, published, edited',
    [
      [D, 'draft'],
      [D, 'published'],
      [D, 'draft', 'b'],
    ],
    'created published edited',
    '2',
  ],
  [
    'promoted',
    [
      [D, 'published'],
      [S, 'published'],
    ],
    'published promoted',
    '1 2',
  ],
  [
    'promoted, while a draft lies on the source',
    [
      [D, 'published'],
      [D, 'draft', 'b'],
      [S, 'published'],
    ],
    'published edited promoted',
    '1 3',
  ],
  [
    'promoted, and merged when the source had moved on',
    [
      [D, 'published'],
      [D, 'published', 'b'],
      [S, 'published'],
    ],
    'published published promoted',
    '2 3',
  ],
  [
    'promoted, and merged when the source was archived',
    [
      [D, 'published'],
      [D, 'archived'],
      [S, 'published'],
    ],
    'published archived promoted',
    '3',
  ],
  [
    'published again what was here before, and long gone elsewhere',
    [
      [D, 'published'],
      [S, 'published'],
      [S, 'published', 'b'],
      [D, 'published', 'c'],
      [S, 'published', 'a', 'another blob'],
    ],
    'published promoted published published published',
    '4 5',
  ],
  [
    'only the mode of the file changed',
    [
      [D, 'published', 'a'],
      [D, 'published', 'b'],
      [D, 'published', 'b'],
      [D, 'published', 'a'],
    ],
    'published published edited rolled_back',
    '4',
  ],
  [
    'the mode of a draft or of an archived file changed',
    [
      [D, 'draft'],
      [D, 'draft'],
      [D, 'archived'],
      [D, 'archived'],
    ],
    'created edited archived edited',
    '',
  ],
  [
    'a hotfix',
    [
      [D, 'published'],
      [S, 'published'],
      [S, 'published', 'b'],
    ],
    'published promoted published',
    '1 3',
  ],
  [
    'promoted backwards',
    [
      [D, 'published'],
      [S, 'published'],
      [S, 'published', 'b'],
      [D, 'published', 'b'],
    ],
    'published promoted published promoted',
    '3 4',
  ],
  [
    'rolled back',
    [
      [D, 'published', 'a'],
      [D, 'published', 'b'],
      [D, 'published', 'a'],
    ],
    'published published rolled_back',
    '3',
  ],
  [
    'rolled back out of the archive',
    [
      [D, 'published'],
      [D, 'archived'],
      [D, 'published'],
    ],
    'published archived rolled_back',
    '3',
  ],
  [
    'deleted, and back as a draft',
    [
      [D, 'published'],
      [D, 'deleted'],
      [D, 'draft'],
    ],
    'published deleted created',
    '',
  ],
  [
    'broken on top',
    [
      [D, 'published'],
      [D, 'invalid'],
    ],
    'published broken',
    '1',
  ],
  [
    'broken, then archived',
    [
      [D, 'published'],
      [D, 'invalid'],
      [D, 'archived'],
    ],
    'published broken archived',
    '',
  ],
  [
    'a draft on top of archived',
    [
      [D, 'published'],
      [D, 'archived'],
      [D, 'draft'],
    ],
    'published archived edited',
    '',
  ],
  [
    'archived twice',
    [
      [D, 'published'],
      [D, 'archived', 'a'],
      [D, 'archived', 'b'],
    ],
    'published archived edited',
    '',
  ],
  [
    'broken from the beginning',
    [
      [D, 'invalid'],
      [D, 'published'],
    ],
    'broken published',
    '2',
  ],
]

describe('describeVersions', () => {
  it.each(CASES)('%s', (_, sketches, actions, live) => {
    const versions = versionsOf(sketches)
    expect(versions.map(({ action }) => action).join(' ')).toBe(actions)
    expect(
      versions
        .filter((version) => version.live)
        .map(({ version }) => version)
        .join(' '),
    ).toBe(live)
  })

  it('a version has what its content says, and nothing when it cannot be read', () => {
    const [first, second, third] = versionsOf([
      [D, 'published'],
      [D, 'invalid'],
      [D, 'deleted'],
    ])
    expect([first?.title, first?.digest]).toEqual(['Greet', expect.stringMatching(/^sha256:/)])
    for (const version of [second, third]) expect([version?.title, version?.digest]).toEqual([null, null])
    expect(second?.state).toBe('invalid')
  })

  it('a file that says it belongs elsewhere, and a link, are invalid', () => {
    const [row] = versionsOf([[D, 'published']])
    if (row === undefined) throw new Error('unreachable')
    const verdict = {
      valid: true,
      slug: row.slug,
      environment: environment(S),
      state: 'published',
      title: 't',
      tags: [],
      digest: 'd',
    } as const
    expect(describeVersions([row], () => verdict)[0]?.state).toBe('invalid')
    const right = { ...verdict, environment: row.environment }
    expect(describeVersions([row], () => right)[0]?.state).toBe('published')
    expect(describeVersions([{ ...row, link: true }], () => right)[0]?.state).toBe('invalid')
    expect(describeVersions([row], () => ({ ...right, slug: 'x-3f8a2b1c' as Slug }))[0]?.state).toBe('invalid')
  })

  it('finds the newest and the live version of an environment', () => {
    const versions = versionsOf([
      [D, 'published'],
      [S, 'published'],
      [D, 'draft'],
    ])
    expect([newestIn(versions, environment(D))?.version, liveIn(versions, environment(D))?.version]).toEqual([3, 1])
    expect([newestIn(versions, environment('production')), liveIn(versions, environment('production'))]).toEqual([
      undefined,
      undefined,
    ])
  })
})
