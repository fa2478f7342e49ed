import { describe, expect, it } from 'vitest'
import { PromptctlError } from '../../src/core/errors.js'
import { problemOf } from '../../src/server/problem.js'

describe('a hint over HTTP', () => {
  it.each([
    [
      'To bring it back: promptctl publish a-1 --env staging --restore',
      'POST /api/v1/templates/a-1/publish with {"environment":"staging","restore":true}',
    ],
    [
      'promptctl promote a-1 --to production --again',
      'POST /api/v1/templates/a-1/promote with {"to":"production","again":true}',
    ],
    ['promptctl rollback a-1 3 --env staging', 'POST /api/v1/templates/a-1/rollback/3 with {"environment":"staging"}'],
    ['promptctl rollback a-1 --env staging --restore', '/rollback/{n} with {"environment":"staging","restore":true}'],
    ['or replace it with --overwrite.', 'or replace it with "overwrite": true.'],
    ['promote takes it along with --with-partials.', 'with "with_partials": true.'],
    [
      'promptctl publish a-1 --env staging --restore puts it into service.',
      'with {"environment":"staging","restore":true} puts it into service.',
    ],
    ['promptctl log a-1 lists them.', 'GET /api/v1/templates/a-1/versions lists them.'],
    [
      'promptctl status shows where it is; --env chooses an environment.',
      'GET /api/v1/templates shows where it is; "environment" chooses an environment.',
    ],
  ])('names routes and fields: %s', (hint, named) => {
    const said = problemOf(new PromptctlError('conflict', 'It failed', { hint })).hint
    expect(said).toContain(named)
    expect(said).not.toMatch(/promptctl|--/)
  })
})
