import { PromptctlError } from '../core/errors.js'
import type { Json, JsonObject } from '../core/prompt-file.js'
import type { AssertionEntry, TestSet } from './test-set.js'

/** One case: a test with one value for each variable. */
export interface TestCase {
  /** Which entry of `tests`, from 0. */
  readonly test: number
  readonly description: string | undefined
  readonly vars: JsonObject
  readonly assertions: readonly AssertionEntry[]
  readonly threshold: number | undefined
  readonly providerOutput: Json | undefined
}

/** Lists multiply. */
const MOST_CASES = 10_000

/**
 * The cases of a test set, in its order, with what defaultTest adds: vars and options where a test has none of that name,
 * assertions before its own. Throws `invalid_config` for more than 10,000.
 */
export function expandCases(set: TestSet): readonly TestCase[] {
  const { defaultTest, tests } = set
  const common = defaultTest.assert ?? []
  const cases: TestCase[] = []
  for (const [index, test] of tests.entries()) {
    const options = { ...defaultTest.options, ...test.options }
    const own = test.assert ?? []
    const assertions = options.disableDefaultAsserts === true || common.length === 0 ? own : [...common, ...own]
    const vars = { ...defaultTest.vars, ...test.vars }
    const sets = options.disableVarExpansion === true ? [vars] : combine(vars, () => tooMany(set, index))
    for (const one of sets) {
      cases.push({
        test: index,
        description: test.description,
        vars: one,
        assertions,
        threshold: test.threshold ?? defaultTest.threshold,
        providerOutput: test.providerOutput,
      })
    }
    if (cases.length > MOST_CASES) throw tooMany(set, index)
  }
  return cases
}

function tooMany(set: TestSet, test: number): PromptctlError {
  const { line, column } = set.positionOf(['tests', test])
  return new PromptctlError('invalid_config', `the lists in vars make more than ${MOST_CASES} cases`, {
    hint: 'options.disableVarExpansion: true keeps a list as one value.',
    details: { file: set.file, line, column },
  })
}

/** Every combination of the values, the last variable turning fastest. As promptfoo does, a list whose first item is no text is one value. */
function combine(vars: JsonObject, tooMuch: () => PromptctlError): readonly JsonObject[] {
  const entries = Object.entries(vars).map(([name, value]) => [name, valuesOf(value)] as const)
  if (!Object.values(vars).some(isExpanded)) return [vars]
  const count = entries.reduce((product, [, values]) => product * values.length, 1)
  if (count > MOST_CASES) throw tooMuch()
  let sets: readonly (readonly (readonly [string, Json])[])[] = [[]]
  for (const [name, values] of entries) {
    sets =
      values.length === 1
        ? sets.map((set) => [...set, [name, values[0] as Json] as const])
        : sets.flatMap((set) => values.map((value) => [...set, [name, value] as const]))
  }
  return sets.map((set) => Object.fromEntries(set))
}

const isExpanded = (value: Json): value is readonly Json[] => Array.isArray(value) && typeof value[0] === 'string'
const valuesOf = (value: Json): readonly Json[] => (isExpanded(value) ? value : [value])
