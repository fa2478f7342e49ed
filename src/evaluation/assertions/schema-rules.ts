import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../../core/prompt-file.js'
import { quoteText } from './assertion.js'
import { isFormat } from './formats.js'
import { compilePattern } from './pattern.js'
import { additionalKeys, containsProblem, itemsProblem, uniqueProblem } from './schema-lists.js'
import {
  at,
  firstOf,
  fits,
  isList,
  isMultiple,
  isNumber,
  isObject,
  isOfType,
  isText,
  itself,
  least,
  length,
  limit,
  mapOf,
  most,
  namesOf,
  type Rule,
  required,
  ruleFor,
  type Schema,
  say,
  schemasOf,
  size,
  unusable,
  width,
} from './schema-tools.js'

const dependentSchemas = ruleFor(isObject, (value, parameter, check, place) =>
  firstOf(mapOf(parameter), ([name, needs]) => {
    if (!Object.hasOwn(value, name)) return undefined
    if (isList(needs)) return required(value, namesOf(needs), place.path)
    return check.problemOf(needs as Schema, value, place.path, place.depth + 1)
  }),
)

/** The rule of each keyword that says something of a value. */
export const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [
    '$ref',
    (check, parameter, value, { path, depth }) =>
      check.problemOf(check.resolve(String(parameter)), value, path, depth + 1),
  ],
  [
    'type',
    (_, parameter, value, { path }) =>
      [parameter].flat().some((type) => isOfType(value, type as Json))
        ? undefined
        : say(path, `must be of type ${[parameter].flat().join(' or ')}`),
  ],
  [
    'enum',
    (_, parameter, value, { path }) =>
      schemasOf(parameter).some((one) => isDeepStrictEqual(one, value))
        ? undefined
        : say(path, `must be one of ${quoteText(parameter)}`),
  ],
  [
    'const',
    (_, parameter, value, { path }) =>
      isDeepStrictEqual(parameter, value) ? undefined : say(path, `must be ${quoteText(parameter)}`),
  ],
  ['minimum', ruleFor(isNumber, limit(itself, least, 'must be at least %'))],
  ['maximum', ruleFor(isNumber, limit(itself, most, 'must be at most %'))],
  [
    'exclusiveMinimum',
    ruleFor(
      isNumber,
      limit(itself, (a, b) => a > b, 'must be more than %'),
    ),
  ],
  [
    'exclusiveMaximum',
    ruleFor(
      isNumber,
      limit(itself, (a, b) => a < b, 'must be less than %'),
    ),
  ],
  ['multipleOf', ruleFor(isNumber, limit(itself, isMultiple, 'must be a multiple of %'))],
  ['minLength', ruleFor(isText, limit(length, least, 'must have at least % characters'))],
  ['maxLength', ruleFor(isText, limit(length, most, 'must have at most % characters'))],
  [
    'pattern',
    ruleFor(isText, (value, parameter, _, { path }) =>
      compilePattern(String(parameter)).test(value) ? undefined : say(path, `must match /${parameter}/`),
    ),
  ],
  [
    'format',
    ruleFor(isText, (value, parameter, _, { path }) => {
      const isRight = isFormat(String(parameter), value)
      if (isRight === undefined) throw unusable(`the format ${quoteText(parameter)} is not supported`)
      return isRight ? undefined : say(path, `must be a ${parameter}`)
    }),
  ],
  ['minItems', ruleFor(isList, limit(size, least, 'must have at least % items'))],
  ['maxItems', ruleFor(isList, limit(size, most, 'must have at most % items'))],
  [
    'uniqueItems',
    ruleFor(isList, (value, parameter, check, { path }) =>
      parameter === true ? uniqueProblem(value, check, path) : undefined,
    ),
  ],
  ['contains', ruleFor(isList, containsProblem)],
  ['items', ruleFor(isList, itemsProblem)],
  [
    'prefixItems',
    ruleFor(isList, (value, parameter, check, { path, depth }) =>
      firstOf(schemasOf(parameter).entries(), ([index, schema]) =>
        index < value.length ? check.problemOf(schema, value[index] as Json, at(path, index), depth + 1) : undefined,
      ),
    ),
  ],
  [
    'additionalItems',
    ruleFor(isList, (value, parameter, check, { path, depth, schema }) => {
      const { items = true } = schema
      return !isList(items)
        ? undefined
        : firstOf(value.entries(), ([index, item]) =>
            index < items.length ? undefined : check.problemOf(parameter as Schema, item, at(path, index), depth + 1),
          )
    }),
  ],
  ['minProperties', ruleFor(isObject, limit(width, least, 'must have at least % keys'))],
  ['maxProperties', ruleFor(isObject, limit(width, most, 'must have at most % keys'))],
  ['required', ruleFor(isObject, (value, parameter, _, { path }) => required(value, namesOf(parameter), path))],
  [
    'properties',
    ruleFor(isObject, (value, parameter, check, { path, depth }) =>
      firstOf(mapOf(parameter), ([name, schema]) =>
        Object.hasOwn(value, name)
          ? check.problemOf(schema as Schema, value[name] as Json, at(path, name), depth + 1)
          : undefined,
      ),
    ),
  ],
  [
    'patternProperties',
    ruleFor(isObject, (value, parameter, check, { path, depth }) =>
      firstOf(mapOf(parameter), ([pattern, schema]) => {
        const compiled = compilePattern(pattern)
        return firstOf(Object.entries(value), ([name, item]) =>
          compiled.test(name) ? check.problemOf(schema as Schema, item, at(path, name), depth + 1) : undefined,
        )
      }),
    ),
  ],
  [
    'additionalProperties',
    ruleFor(isObject, (value, parameter, check, { path, depth, schema }) =>
      firstOf(additionalKeys(value, schema), (name) =>
        check.problemOf(parameter as Schema, value[name] as Json, at(path, name), depth + 1),
      ),
    ),
  ],
  [
    'propertyNames',
    ruleFor(isObject, (value, parameter, check, { path, depth }) =>
      firstOf(Object.keys(value), (name) => check.problemOf(parameter as Schema, name, at(path, name), depth + 1)),
    ),
  ],
  [
    'dependentRequired',
    ruleFor(isObject, (value, parameter, _, { path }) =>
      firstOf(mapOf(parameter), ([name, names]) =>
        Object.hasOwn(value, name) ? required(value, namesOf(names), path) : undefined,
      ),
    ),
  ],
  ['dependentSchemas', dependentSchemas],
  ['dependencies', dependentSchemas],
  [
    'allOf',
    (check, parameter, value, { path, depth }) =>
      firstOf(schemasOf(parameter), (schema) => check.problemOf(schema, value, path, depth + 1)),
  ],
  [
    'anyOf',
    (check, parameter, value, place) =>
      schemasOf(parameter).some((schema) => fits(check, schema, value, place))
        ? undefined
        : say(place.path, 'fits none of anyOf'),
  ],
  [
    'oneOf',
    (check, parameter, value, place) => {
      const count = schemasOf(parameter).filter((schema) => fits(check, schema, value, place)).length
      return count === 1 ? undefined : say(place.path, `must fit exactly one of oneOf, and fits ${count}`)
    },
  ],
  [
    'not',
    (check, parameter, value, place) =>
      fits(check, parameter, value, place) ? say(place.path, 'fits what it must not') : undefined,
  ],
  [
    'if',
    (check, parameter, value, place) => {
      const { then: yes = true, else: no = true } = place.schema
      const branch = fits(check, parameter, value, place) ? yes : no
      return check.problemOf(branch as Schema, value, place.path, place.depth + 1)
    },
  ],
])

/** Keywords that say nothing of a value, or that are read with another one. */
export const IGNORED: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'minContains',
  'maxContains',
  'then',
  'else',
])
