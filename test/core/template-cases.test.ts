import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { preparePrompt } from '../../src/core/compile.js'
import { isPromptctlError } from '../../src/core/errors.js'
import type { PromptContent } from '../../src/core/prompt-file.js'
import { promptOf } from './prompt-of.js'

interface Case extends Pick<PromptContent, 'template' | 'messages' | 'variables'> {
  readonly name: string
  readonly partials?: Readonly<Record<string, string>>
  readonly values?: Readonly<Record<string, unknown>>
  readonly strict?: boolean
  readonly gives?: unknown
  readonly fails?: readonly string[]
}

const cases: readonly Case[] = parse(readFileSync('fixtures/cases/templates.yaml', 'utf8'))

function compile({ template, messages, variables, partials = {}, values = {}, strict = false }: Case): unknown {
  const content = {
    ...(template !== undefined && { template }),
    ...(messages && { messages }),
    ...(variables && { variables }),
  }
  const prepared = preparePrompt({ file: 'prompt.yaml', prompt: promptOf(content) }, (slug) => {
    const text = Object.hasOwn(partials, slug) ? partials[slug] : undefined
    return text === undefined ? undefined : { file: `${slug}.yaml`, prompt: promptOf({ template: text }, slug) }
  })
  return prepared.compile(values, { strict })
}

function failureOf(row: Case): readonly string[] {
  try {
    return [`gave ${JSON.stringify(compile(row))}`]
  } catch (error) {
    if (!isPromptctlError(error)) throw error
    const variables = (error.details?.variables ?? []) as readonly { name: string }[]
    for (const { name } of variables) expect(error.message).toContain(name)
    return [error.code, ...variables.map(({ name }) => name)]
  }
}

describe('fixtures/cases/templates.yaml', () => {
  it('has cases, each with one outcome', () => {
    expect(cases.length).toBeGreaterThan(60)
    for (const row of cases) expect('gives' in row, row.name).toBe(!('fails' in row))
  })
  for (const row of cases) {
    it(row.name, () => {
      if (row.fails) expect(failureOf(row)).toEqual(row.fails)
      else expect(compile(row)).toEqual(row.gives)
    })
  }
})
