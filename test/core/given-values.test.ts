import { describe, expect, it } from 'vitest'
import { type PreparedPrompt, preparePrompt } from '../../src/core/compile.js'
import { PromptctlError } from '../../src/core/errors.js'
import { convertVariables } from '../../src/core/given-values.js'
import type { PromptContent, VariableSchema } from '../../src/core/prompt-file.js'
import type { InvalidVariable } from '../../src/core/render.js'
import { inexactNumber } from '../../src/core/yaml/plain.js'
import { promptOf } from './prompt-of.js'

/** Places are the message's number, from 2, and the offset in the text. */
function prepare(content: PromptContent): PreparedPrompt {
  const locate = ([key, index]: readonly (string | number)[], offset: number) => ({
    line: key === 'messages' ? Number(index) + 2 : 1,
    column: offset + 1,
  })
  return preparePrompt({ file: 'a.yaml', prompt: promptOf(content), locate }, () => undefined)
}

function failureOf(prepared: PreparedPrompt, given: Iterable<readonly [string, string]>) {
  try {
    convertVariables(prepared, given)
  } catch (error) {
    if (!(error instanceof PromptctlError) || error.code !== 'invalid_variable') throw error
    return { message: error.message, variables: error.details?.['variables'] as readonly InvalidVariable[] }
  }
  return expect.fail('it was taken')
}

describe('convertVariables', () => {
  const rows: readonly [VariableSchema | undefined, string, unknown][] = [
    [undefined, '1', '1'],
    [{}, 'true', 'true'],
    [{ type: 'string' }, '1', '1'],
    [{ type: 'number' }, '-1.5e2', -150],
    [{ type: 'integer' }, '7', 7],
    [{ type: 'boolean' }, 'false', false],
    [{ type: 'array' }, '[1, "a"]', [1, 'a']],
    [{ type: 'object' }, '{"a": {}}', { a: {} }],
    [{ type: 'null' }, 'null', null],
    [{ type: ['string', 'number'] }, '7', 7],
    [{ type: ['string', 'number'] }, 'seven', 'seven'],
    [{ type: ['boolean', 'array'] }, '[]', []],
    [{ type: 'integer' }, '-9007199254740991', -9007199254740991],
    [{ type: 'number' }, '0.10', 0.1],
    [{ type: ['integer', 'string'] }, '12345678901234567890', '12345678901234567890'],
  ]
  it.each(rows)('%j of %j', (schema, text, value) => {
    const variables = schema === undefined ? {} : { x: schema }
    expect(convertVariables(prepare({ template: '{{x}}', variables }), [['x', text]])).toEqual(new Map([['x', value]]))
  })

  const refused: readonly [VariableSchema, string, string][] = [
    [{ type: 'number' }, '', 'x must be a number, and "" is not'],
    [{ type: 'number' }, '1,5', 'x must be a number, and "1,5" is not'],
    [{ type: 'number' }, '1e999', 'x: the number 1e999 cannot be held exactly'],
    [{ type: 'number' }, '1e-999', 'x: the number 1e-999 cannot be held exactly'],
    [{ type: 'number' }, '12345678901234567890', 'x: the number 12345678901234567890 cannot be held exactly'],
    [{ type: 'integer' }, '9007199254740993', 'x: the number 9007199254740993 cannot be held exactly'],
    [{ type: 'integer' }, '12345678901234567890.0', 'x: the number 12345678901234567890.0 cannot be held exactly'],
    [{ type: 'array' }, '[9007199254740993]', `x: ${inexactNumber('9007199254740993')}`],
    [{ type: 'object' }, '{"a": {"b": 1, "b": 1}}', 'x: the key "b" is there twice'],
    [{ type: 'integer' }, '1.5', 'x must be a whole number, and "1.5" is not'],
    [{ type: 'boolean' }, 'yes', 'x must be true or false, and "yes" is not'],
    [{ type: 'array' }, '{}', 'x must be a list, and "{}" is not'],
    [{ type: 'object' }, '{a: 1}', 'x must be an object, and "{a: 1}" is not'],
    [{ type: ['boolean', 'null'] }, 'a', 'x must be true or false or null, and "a" is not'],
  ]
  it.each(refused)('refuses %j of %j', (schema, text, message) => {
    const failure = failureOf(prepare({ template: 'a {{x}}', variables: { x: schema } }), [['x', text]])
    expect(failure).toEqual({
      message,
      variables: [{ name: 'x', message, file: 'a.yaml', line: 1, column: 3 }],
    })
  })

  it('names all that are wrong, with their places', () => {
    const variables = { n: { type: 'integer' }, b: { type: 'boolean' }, u: { type: 'number' } } as const
    const prepared = prepare({ messages: [{ placeholder: 'h' }, { role: 'user', content: '{{n}} {{b}}' }], variables })
    const given = [
      ['b', 'x'],
      ['h', 'x'],
      ['n', '1'],
      ['u', 'x'],
      ['n', 'x'],
    ] as const
    const { message, variables: wrong } = failureOf(prepared, given)
    expect(wrong.map(({ name, line, column }) => `${name} ${line}:${column}`)).toEqual([
      'b 3:7',
      'h 2:1',
      'n 3:1',
      'u 1:1',
    ])
    expect(message.split('; ')).toHaveLength(4)
  })

  it('takes the messages of a placeholder as JSON, whatever else is declared', () => {
    const history = [{ role: 'user', content: 'h' }]
    for (const variables of [{}, { h: { description: 'What was said' } }]) {
      const prepared = prepare({ messages: [{ placeholder: 'h' }], variables })
      const values = convertVariables(prepared, [['h', JSON.stringify(history)]])
      expect(prepared.compile(Object.fromEntries(values))).toEqual(history)
    }
  })
})
