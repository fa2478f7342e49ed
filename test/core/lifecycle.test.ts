import { describe, expect, it } from 'vitest'
import { isPromptctlError } from '../../src/core/errors.js'
import type { Oid } from '../../src/core/history.js'
import { liveIn } from '../../src/core/ledger.js'
import { planArchive } from '../../src/core/lifecycle/archive.js'
import { type PromotionOptions, planPromotion, requireLive } from '../../src/core/lifecycle/promotion.js'
import { type PublishOptions, planPublish } from '../../src/core/lifecycle/publish.js'
import { planRollback } from '../../src/core/lifecycle/rollback.js'
import { parsePrompt } from '../../src/core/prompt-reader.js'
import { documentOf, environment, type Sketch, standingOf } from './versions.js'

const D = 'development'
const S = 'staging'
const MOMENT = { at: '2026-02-01T00:00:00Z', by: 'Ada <ada@x>' }

/** The result of `action`, or the code that it fails with. */
function outcome<T>(action: () => T): T | string {
  try {
    return action()
  } catch (error) {
    if (isPromptctlError(error)) return error.code
    throw error
  }
}

describe('planPublish', () => {
  const plan = (before: readonly Sketch[], file: Sketch, options: Partial<PublishOptions> = {}) =>
    outcome(() =>
      planPublish(standingOf(before, file[0]), documentOf(file), MOMENT, {
        restore: false,
        promotion: 'ordered',
        environments: [D, S].map(environment),
        ...options,
      }),
    )
  const isChange = expect.objectContaining({ action: 'published', state: 'published' })

  it.each<[string, readonly Sketch[], Sketch, Partial<PublishOptions>, unknown]>([
    ['a draft', [[D, 'draft']], [D, 'draft'], {}, isChange],
    ['a file that git does not know', [], [D, 'draft'], {}, isChange],
    ['an edited draft', [[D, 'draft']], [D, 'draft', 'b'], {}, isChange],
    ['what is published already', [[D, 'published']], [D, 'published'], {}, undefined],
    ['published, with changed content', [[D, 'published']], [D, 'published', 'b'], {}, isChange],
    [
      'over a broken commit',
      [
        [D, 'published'],
        [D, 'invalid'],
      ],
      [D, 'published'],
      {},
      isChange,
    ],
    ['what is archived', [[D, 'archived']], [D, 'archived'], {}, 'illegal_transition'],
    ['what is archived, restored', [[D, 'archived']], [D, 'archived'], { restore: true }, isChange],
    [
      'a draft over archived',
      [
        [D, 'archived'],
        [D, 'draft'],
      ],
      [D, 'draft'],
      {},
      'illegal_transition',
    ],
    [
      'what was deleted',
      [
        [D, 'published'],
        [D, 'deleted'],
      ],
      [D, 'published'],
      {},
      'illegal_transition',
    ],
    [
      'what was deleted, restored',
      [
        [D, 'published'],
        [D, 'deleted'],
      ],
      [D, 'published'],
      { restore: true },
      isChange,
    ],
    ['strict: never live before', [[D, 'published']], [S, 'draft', 'b'], { promotion: 'strict' }, 'illegal_transition'],
    ['strict: a draft before', [[D, 'draft']], [S, 'draft'], { promotion: 'strict' }, 'illegal_transition'],
    ['strict: live before', [[D, 'published']], [S, 'draft'], { promotion: 'strict' }, isChange],
    ['strict: the first environment', [], [D, 'draft'], { promotion: 'strict' }, isChange],
  ])('%s', (_, before, file, options, expected) => {
    expect(plan(before, file, options)).toEqual(expected)
  })

  it('writes moment and seal, and leaves every other byte', () => {
    const file = documentOf([D, 'draft'])
    const change = planPublish(standingOf([[D, 'draft']], D), file, MOMENT, {
      restore: false,
      promotion: 'free',
      environments: [environment(D)],
    })
    const text = new TextDecoder().decode(change?.content)
    expect(parsePrompt(text, 'x').prompt).toMatchObject({
      state: 'published',
      published_at: MOMENT.at,
      published_by: MOMENT.by,
      digest: file.seal,
    })
    const without = text
      .replace(/^(published_at|published_by|digest): .*\n/gm, '')
      .replace('state: published', 'state: draft')
    expect(without).toBe(file.source.text)
    expect(change?.previousVersion).toBe(1)
  })

  it('refuses another id', () => {
    const file = documentOf([D, 'draft'])
    const other = parsePrompt(file.source.text.replace('0d2f6c1b7e88', '0d2f6c1b7e89'), file.source.file)
    const options = { restore: false, promotion: 'free', environments: [] } as const
    expect(outcome(() => planPublish(standingOf([[D, 'draft']], D), other, MOMENT, options))).toBe('invalid_prompt')
  })
})

describe('planPromotion', () => {
  const promote = (sketches: readonly Sketch[], options: Partial<PromotionOptions> = {}, [from, to] = [D, S]) =>
    outcome(() => {
      const [source, target] = [standingOf(sketches, from), standingOf(sketches, to)]
      const version = requireLive(source, target.environment)
      const live = liveIn(target.versions, target.environment)
      const document = (number: number) => documentOf(sketches[number - 1] ?? [D, 'draft'])
      return planPromotion(
        { version, document: document(version.version) },
        target,
        live === undefined ? undefined : document(live.version),
        MOMENT,
        { overwrite: false, again: false, restore: false, forwards: true, ...options },
      )
    })
  const isChange = expect.objectContaining({ action: 'promoted', state: 'published' })
  const both = (content: string): readonly Sketch[] => [
    [D, 'published', content],
    [S, 'published', content],
  ]
  const hotfix: readonly Sketch[] = [...both('a'), [S, 'published', 'fix'], [D, 'published', 'b']]
  const rolledBack: readonly Sketch[] = [...both('a'), ...both('b'), [S, 'published', 'a']]

  it.each<[string, readonly Sketch[], Partial<PromotionOptions>, unknown]>([
    ['a draft', [[D, 'draft']], {}, 'illegal_transition'],
    [
      'what is archived',
      [
        [D, 'published'],
        [D, 'archived'],
      ],
      {},
      'illegal_transition',
    ],
    ['what is live', [[D, 'published']], {}, isChange],
    [
      'what is live under a draft',
      [
        [D, 'published'],
        [D, 'draft', 'b'],
      ],
      {},
      isChange,
    ],
    ['what the target has', both('a'), {}, undefined],
    ['what has moved on', [...both('a'), [D, 'published', 'b']], {}, isChange],
    ['over a hotfix [case 15c]', hotfix, {}, 'conflict'],
    ['over a hotfix, --overwrite [case 15c]', hotfix, { overwrite: true }, isChange],
    ['over a hotfix, backwards [case 15c]', hotfix, { forwards: false }, isChange],
    ['what was rolled back [case 15h]', rolledBack, {}, 'conflict'],
    ['what was rolled back, --again [case 15h]', rolledBack, { again: true }, isChange],
    ['what is new after a rollback [case 15h]', [...rolledBack, [D, 'published', 'c']], {}, isChange],
    ['over archived', [...both('a'), [S, 'archived'], [D, 'published', 'b']], {}, 'illegal_transition'],
    ['over archived, --restore', [...both('a'), [S, 'archived'], [D, 'published', 'b']], { restore: true }, isChange],
  ])('%s', (_, sketches, options, expected) => {
    expect(promote(sketches, options)).toEqual(expected)
  })

  it('writes the source’s file for the target, and says where it is from', () => {
    const change = promote([[D, 'published', 'b']])
    if (typeof change !== 'object') throw new Error(String(change))
    const { prompt } = parsePrompt(change.content, 'x')
    expect(prompt).toMatchObject({ environment: S, template: 'b', published_at: MOMENT.at, published_by: MOMENT.by })
    expect(change.source).toEqual({ environment: D, commit: 'commit 1' as Oid })
  })
})

describe('planRollback', () => {
  const back = (sketches: readonly Sketch[], number?: number, restore = false) => {
    const result = outcome(() => planRollback(standingOf(sketches, S), number, restore))
    return typeof result === 'object' ? result.version : result
  }
  const steps: readonly Sketch[] = [
    [S, 'published', 'a'],
    [S, 'published', 'b'],
    [S, 'published', 'c'],
  ]

  it.each<[string, readonly Sketch[], number | undefined, boolean, unknown]>([
    ['the one before', steps, undefined, false, 2],
    ['one further back, after a rollback [case 5]', [...steps, [S, 'published', 'b']], undefined, false, 1],
    [
      'nothing before [case 5]',
      [...steps, [S, 'published', 'b'], [S, 'published', 'a']],
      undefined,
      false,
      'illegal_transition',
    ],
    ['the first alone', [[S, 'published']], undefined, false, 'illegal_transition'],
    ['never published', [[S, 'draft']], undefined, false, 'illegal_transition'],
    ['nothing at all', [], undefined, false, 'illegal_transition'],
    [
      'past drafts and broken ones [case 5]',
      [
        [S, 'published', 'a'],
        [S, 'draft', 'x'],
        [S, 'invalid'],
        [S, 'published', 'b'],
      ],
      undefined,
      false,
      1,
    ],
    ['by number', steps, 1, false, 1],
    ['what is live already', steps, 3, false, undefined],
    ['what is live, under a draft', [...steps, [S, 'draft', 'x']], 3, false, 3],
    ['a number that does not exist', steps, 9, false, 'not_found'],
    ['a number of another environment', [[D, 'published'], ...steps], 1, false, 'illegal_transition'],
    [
      'a draft',
      [
        [S, 'draft'],
        [S, 'published', 'b'],
      ],
      1,
      false,
      'illegal_transition',
    ],
    [
      'a deletion',
      [
        [S, 'published'],
        [S, 'deleted'],
        [S, 'published', 'b'],
      ],
      2,
      false,
      'illegal_transition',
    ],
    ['what is archived', [...steps, [S, 'archived', 'c']], undefined, false, 'illegal_transition'],
    ['what is archived, --restore', [...steps, [S, 'archived', 'c']], undefined, true, 3],
    [
      'what was rolled back, then archived, --restore',
      [...steps, [S, 'published', 'a'], [S, 'archived', 'a']],
      undefined,
      true,
      4,
    ],
    ['what is deleted, --restore', [...steps, [S, 'deleted']], undefined, true, 3],
    [
      'archived as a draft, --restore',
      [
        [S, 'draft'],
        [S, 'archived'],
      ],
      undefined,
      true,
      'illegal_transition',
    ],
  ])('%s', (_, sketches, number, restore, expected) => {
    expect(back(sketches, number, restore)).toEqual(expected)
  })
})

describe('planArchive', () => {
  const archive = (sketches: readonly Sketch[]) => outcome(() => planArchive(standingOf(sketches, D)))

  it.each<[string, readonly Sketch[], unknown]>([
    ['a draft', [[D, 'draft']], expect.objectContaining({ state: 'archived', action: 'archived' })],
    ['what is live', [[D, 'published']], expect.objectContaining({ state: 'archived', previousVersion: 1 })],
    ['what is archived', [[D, 'archived']], 'illegal_transition'],
    [
      'what is gone',
      [
        [D, 'published'],
        [D, 'deleted'],
      ],
      'not_found',
    ],
    ['what is elsewhere', [[S, 'published']], 'not_found'],
  ])('%s', (_, sketches, expected) => {
    expect(archive(sketches)).toEqual(expected)
  })
})
