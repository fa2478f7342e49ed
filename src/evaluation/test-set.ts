import { createHash } from 'node:crypto'
import type { Json, JsonObject, Position, Problem } from '../core/prompt-file.js'
import { describeErrors, nameOf, sortProblems, suggestion, type Wording } from '../core/schema-problems.js'
import { quoteName } from '../core/slug.js'
import { type Path, tryReadYaml, YamlProblems, type YamlSource } from '../core/yaml-source.js'
import { validateEval } from '../generated/eval-validator.js'
import { checkAssertion, KINDS } from './assertions/kinds.js'
import { checkProviderId } from './providers/provider-id.js'

/** An assertion, as the file says it. */
export interface AssertionEntry {
  readonly type: string
  readonly value?: Json
  readonly threshold?: number
  readonly weight?: number
  readonly metric?: string
  readonly assert?: readonly AssertionEntry[]
}

interface TestOptions {
  readonly disableVarExpansion?: boolean
  readonly disableDefaultAsserts?: boolean
}

interface DefaultTestEntry {
  readonly vars?: JsonObject
  readonly assert?: readonly AssertionEntry[]
  readonly threshold?: number
  readonly options?: TestOptions
}

export interface TestEntry extends DefaultTestEntry {
  readonly description?: string
  readonly providerOutput?: Json
}

/** Who answers, and the parameters that it gets. */
export interface ProviderEntry {
  readonly id: string
  readonly label: string
  readonly config: JsonObject
}

/** A test set's values, as the schema lets them through (schemas/eval.schema.json). */
export interface TestSet {
  readonly file: string
  /** `sha256:<hex>` over the file's bytes. */
  readonly digest: string
  readonly providers: readonly ProviderEntry[]
  readonly defaultTest: DefaultTestEntry
  readonly tests: readonly TestEntry[]
  /** Where a value stands in the file. */
  positionOf(path: Path): Position
  /** Where a character of a text stands in the file. */
  locate(path: Path, offset: number): Position
}

/** A test set is longer than a prompt: a thousand cases are some ten thousand keys. */
const LIMITS = { keys: 100_000, tokens: 1_000_000 }

/** Reads `evals/<slug>.yaml`. Throws `invalid_config` with all problems in `details.problems`. */
export function parseTestSet(bytes: Uint8Array, file: string): TestSet {
  const { source, problems } = tryReadYaml(bytes, file, LIMITS)
  if (source === undefined) throw new YamlProblems('invalid_config', file, problems)
  const found = validateEval(source.value)
    ? checkMeaning(source)
    : describeErrors(validateEval.errors ?? [], source, WORDING)
  if (found.length > 0) throw new YamlProblems('invalid_config', file, sortProblems(found))
  const value = source.value as { defaultTest?: DefaultTestEntry; tests?: readonly TestEntry[] }
  return {
    file,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    providers: providersOf(source),
    defaultTest: value.defaultTest ?? {},
    tests: value.tests ?? [],
    positionOf: (path) => source.positionOf(path),
    locate: (path, offset) => source.locateInScalar(path, offset),
  }
}

function providersOf({ value }: YamlSource): readonly ProviderEntry[] {
  const given = value['providers'] as string | readonly (string | Partial<ProviderEntry>)[] | undefined
  return (given === undefined ? [] : [given].flat()).map((entry) => {
    if (typeof entry === 'string') return { id: entry, label: entry, config: {} }
    const { id = '', label = id, config = {} } = entry
    return { id, label, config }
  })
}

type Report = (path: Path, message: string) => void

/** What a schema cannot say. */
function checkMeaning(source: YamlSource): Problem[] {
  const problems: Problem[] = []
  const report: Report = (path, message) =>
    problems.push({ ...source.positionOf(path), message: `${nameOf(path)}: ${message}` })
  const { defaultTest, tests = [] } = source.value as { defaultTest?: DefaultTestEntry; tests?: readonly TestEntry[] }
  for (const [index, { id }] of providersOf(source).entries()) {
    const problem = checkProviderId(id)
    if (problem !== undefined) report(['providers', index], problem)
  }
  if (defaultTest !== undefined) checkTest(defaultTest, ['defaultTest'], report)
  for (const [index, test] of tests.entries()) checkTest(test, ['tests', index], report)
  return problems
}

function checkTest({ vars = {}, assert = [] }: TestEntry, path: Path, report: Report): void {
  for (const [name, value] of Object.entries(vars)) {
    if (isFile(value)) report([...path, 'vars', name], FILE)
  }
  for (const [index, assertion] of assert.entries()) checkOne(assertion, [...path, 'assert', index], report, false)
}

function checkOne(assertion: AssertionEntry, path: Path, report: Report, isInSet: boolean): void {
  const { type, assert, value } = assertion
  const isSet = type === 'assert-set'
  if (isSet && isInSet) report(path, 'an assert-set cannot hold another')
  else if (isSet !== (assert !== undefined))
    report(path, isSet ? '"assert" is missing' : '"assert" goes with the type assert-set alone')
  else if (isFile(value)) report([...path, 'value'], FILE)
  else {
    const problem = checkAssertion(assertion)
    if (problem !== undefined) report(path, problem)
  }
  for (const [index, inner] of (assert ?? []).entries()) checkOne(inner, [...path, 'assert', index], report, true)
}

const isFile = (value: unknown): boolean => typeof value === 'string' && value.startsWith('file://')
const FILE = 'no other file is read from a test set: write the value here'

const KEYS: readonly (readonly [RegExp, string, readonly string[]])[] = [
  [/^$/, 'a test set', ['description', 'providers', 'defaultTest', 'tests']],
  [/\.options$/, 'options', ['disableVarExpansion', 'disableDefaultAsserts']],
  [/\.assert\.\d+$/, 'an assertion', ['type', 'value', 'threshold', 'weight', 'metric', 'assert']],
  [/^\.providers\.\d+\.config$/, "a provider's config", []],
  [/^\.providers\.\d+$/, 'a provider', ['id', 'label', 'config']],
  [/^\.defaultTest$/, 'defaultTest', ['vars', 'assert', 'threshold', 'options', 'metadata']],
  [/^\.tests\.\d+$/, 'a test', ['description', 'vars', 'assert', 'threshold', 'providerOutput', 'options', 'metadata']],
]

const WORDING: Wording = {
  patterns: {},
  choices: {
    '#/properties/type': `a type of assertion (${KINDS.join(', ')}, each also with not-; or assert-set)`,
  },
  unknownKey: (path, key) => {
    const place = path.map((step) => `.${step}`).join('')
    if (place === '' && key === 'prompts')
      return '"prompts" is not a key of a test set: it is for the prompt of its name'
    const [, where = 'this', known = []] = KEYS.find(([pattern]) => pattern.test(place)) ?? []
    return `${quoteName(key)} is not a key of ${where}${suggestion(key, known)}`
  },
}
