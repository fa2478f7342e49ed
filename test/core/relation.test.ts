import { describe, expect, it } from 'vitest'
import { type Relation, relationOf } from '../../src/core/relation.js'
import { environment, type Sketch, versionsOf } from './versions.js'

const D = 'development'
const S = 'staging'
const both = (content: string): readonly Sketch[] => [
  [D, 'published', content],
  [S, 'published', content],
]

const CASES: readonly (readonly [name: string, sketches: readonly Sketch[], relation: Relation])[] = [
  ['nothing anywhere', [], 'absent'],
  ['nothing here', [[D, 'published']], 'absent'],
  [
    'a draft here',
    [
      [D, 'published'],
      [S, 'draft'],
    ],
    'absent',
  ],
  ['archived here', [...both('a'), [S, 'archived']], 'absent'],
  ['the same content', both('a'), 'in_step'],
  ['the same content under drafts', [...both('a'), [D, 'draft', 'b'], [S, 'draft', 'c']], 'in_step'],
  ['the other moved on', [...both('a'), [D, 'published', 'b']], 'behind'],
  ['the other went back', [...both('a'), ...both('b'), [D, 'published', 'a']], 'behind'],
  ['a hotfix', [...both('a'), [S, 'published', 'b']], 'ahead'],
  ['the other was archived', [...both('a'), [D, 'archived']], 'ahead'],
  ['never was there', [[S, 'published']], 'ahead'],
  ['rolled back', [...both('a'), ...both('b'), [S, 'published', 'a']], 'rolled_back'],
  [
    'rolled back, then the other moved on',
    [...both('a'), ...both('b'), [S, 'published', 'a'], [D, 'published', 'c']],
    'behind',
  ],
  [
    'rolled back and promoted again',
    [...both('a'), ...both('b'), [S, 'published', 'a'], [S, 'published', 'b']],
    'in_step',
  ],
]

describe('relationOf', () => {
  it.each(CASES)('%s', (_, sketches, relation) => {
    expect(relationOf(versionsOf(sketches), environment(S), environment(D))).toBe(relation)
  })

  it('is first in the first environment', () => {
    expect(relationOf(versionsOf([]), environment(D), undefined)).toBe('first')
  })
})
