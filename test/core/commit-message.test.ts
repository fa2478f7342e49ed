import { describe, expect, it } from 'vitest'
import {
  formatCommitMessage,
  type MessageOptions,
  parseOwnSubject,
  parseReason,
  type Verb,
} from '../../src/core/commit-message.js'
import type { Oid } from '../../src/core/history.js'
import type { Change } from '../../src/core/lifecycle/change.js'
import { documentOf, environment, SLUG } from './versions.js'

const change = (more: Partial<Change> = {}): Change => ({
  slug: SLUG,
  environment: environment('production'),
  action: 'published',
  state: 'published',
  origin: { file: 'x.yaml', prompt: documentOf(['production', 'published']).prompt },
  content: new Uint8Array(),
  digest: 'sha256:x',
  previousVersion: null,
  ...more,
})
const trailers = (action: string, ...more: string[]) =>
  [`Prompt-Action: ${action}`, `Prompt-Slug: ${SLUG}`, 'Prompt-Environment: production', ...more].join('\n')

describe('formatCommitMessage', () => {
  it.each<[string, Verb, readonly Change[], MessageOptions, string]>([
    ['one prompt', 'publish', [change()], {}, `publish(production): ${SLUG}\n\n${trailers('published')}\n`],
    [
      'a reason',
      'publish',
      [change()],
      { reason: '  why \n' },
      `publish(production): ${SLUG}\n\nwhy\n\n${trailers('published')}\n`,
    ],
    [
      'an empty reason',
      'publish',
      [change()],
      { reason: ' ' },
      `publish(production): ${SLUG}\n\n${trailers('published')}\n`,
    ],
    [
      'without hooks',
      'publish',
      [change()],
      { unverified: true },
      `publish(production): ${SLUG}\n\n${trailers('published', 'Prompt-No-Verify: true')}\n`,
    ],
    [
      'a promotion',
      'promote',
      [change({ action: 'promoted', source: { environment: environment('staging'), commit: 'abc' as Oid } })],
      {},
      `promote(production): ${SLUG}\n\n${trailers('promoted', 'Prompt-Source: staging abc')}\n`,
    ],
    [
      'a rollback',
      'rollback',
      [change({ action: 'rolled_back', restores: { version: 3, commit: 'abc' as Oid } })],
      {},
      `rollback(production): ${SLUG}\n\n${trailers('rolled_back', 'Prompt-Restores: abc')}\n`,
    ],
    [
      'several',
      'archive',
      [change({ action: 'archived' }), change({ action: 'archived' })],
      {},
      `archive(production): 2 prompts\n\n${trailers('archived')}\n${trailers('archived')}\n`,
    ],
  ])('%s', (_, verb, changes, options, message) => {
    expect(formatCommitMessage(verb, changes, options)).toBe(message)
  })
})

describe('parseReason', () => {
  it.each<[string, string | undefined]>([
    [formatCommitMessage('publish', [change()], { reason: 'why\nand how\n\nmore' }), 'why'],
    [formatCommitMessage('publish', [change()]), undefined],
    ['publish(production): x\n', undefined],
    ['publish(production): x', undefined],
    ['', undefined],
  ])('of %j is %j', (message, reason) => {
    expect(parseReason(message)).toBe(reason)
  })
})

describe('parseOwnSubject', () => {
  it.each<[string, string | undefined]>([
    [formatCommitMessage('publish', [change()]).split('\n')[0] ?? '', SLUG],
    [formatCommitMessage('promote', [change(), change()]).split('\n')[0] ?? '', '2 prompts'],
    ['fix(production): x', undefined],
    ['publish: x', undefined],
  ])('of %j is %j', (subject, about) => {
    expect(parseOwnSubject(subject)).toBe(about)
  })
})
