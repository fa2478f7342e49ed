import { answer, ENVIRONMENT_QUERY, VERSION_NUMBER, WITHOUT_NUL } from './schemas.js'

/** JSON Schemas of what the routes take that change something, for checking and for the description of the API. */

const TEXT = { type: 'string' } as const
const FLAG = { type: 'boolean' } as const
const TEXTS = { type: 'array', items: TEXT } as const
const ENVIRONMENT = { ...TEXT, description: 'One of the registry’s environments' }
const OBJECT = { type: 'object', additionalProperties: true } as const

const REASON = {
  ...TEXT,
  maxLength: 10_000,
  pattern: WITHOUT_NUL,
  description: 'Why, for the body of the commit message',
}
const EXPECT = {
  type: 'integer',
  minimum: 0,
  description:
    'Fails with 409 unless this is the newest version in the environment; If-Match, with 412, says it by ETag',
}
const RESTORE = { ...FLAG, description: 'Brings back what is archived or deleted' }

const createBody = (properties: Readonly<Record<string, object>>, required: readonly string[] = []) => ({
  type: 'object',
  properties: { message: REASON, ...properties },
  required,
  additionalProperties: false,
})

/** What a prompt's content is made of. The file is checked as a whole when it is written. */
const CONTENT = {
  template: TEXT,
  messages: { type: 'array', items: OBJECT },
  variables: { type: 'object', additionalProperties: OBJECT },
  model: OBJECT,
  tools: {},
  response_format: {},
  config: {},
} as const

const orNull = ({ type, ...rest }: { readonly type?: string }) =>
  type === undefined ? rest : { anyOf: [{ type, ...rest }, { type: 'null' }] }

const removable = Object.fromEntries(
  Object.entries({ description: TEXT, tags: TEXTS, aliases: TEXTS, ...CONTENT }).map(([key, schema]) => [
    key,
    orNull(schema),
  ]),
)

export const CREATE = createBody(
  { title: TEXT, description: TEXT, tags: TEXTS, aliases: TEXTS, ...CONTENT, environment: ENVIRONMENT },
  ['title'],
)
export const EDIT = {
  ...createBody({ ...removable, title: TEXT, environment: ENVIRONMENT, expect: EXPECT, publish: FLAG }),
  description: 'What is to change: a key that is left out stays, null takes one out',
}
export const PUBLISH = createBody({ environment: ENVIRONMENT, expect: EXPECT, restore: RESTORE })
export const PROMOTE = createBody(
  {
    to: ENVIRONMENT,
    from: { ...ENVIRONMENT, description: 'The one before `to`, when left out' },
    expect: EXPECT,
    restore: RESTORE,
    again: { ...FLAG, description: 'Also content that was rolled back there' },
    overwrite: { ...FLAG, description: 'Also over a change that was made there itself' },
    with_partials: { ...FLAG, description: 'With what it includes that is not live there' },
  },
  ['to'],
)
export const ARCHIVE = createBody({ environment: ENVIRONMENT, expect: EXPECT })
export const ROLLBACK = createBody({ environment: ENVIRONMENT, expect: EXPECT, restore: RESTORE })

export const QUICK_EVALUATE = {
  description: 'Content that is given here is laid over that of the file or the version; null takes a key out',
  type: 'object',
  properties: {
    environment: ENVIRONMENT,
    version: { type: 'integer', minimum: 1, description: 'That version, and not the file at the tip of the branch' },
    providers: { ...TEXTS, minItems: 1, maxItems: 10, description: 'In place of those of the test set' },
    ...Object.fromEntries(Object.entries(CONTENT).map(([key, schema]) => [key, orNull(schema)])),
  },
  additionalProperties: false,
}

export const WRITE_QUERY = ENVIRONMENT_QUERY
const ID = { ...TEXT, description: 'A whole slug, a UUID or an alias' }
export const ID_PARAMS = { type: 'object', properties: { id: ID }, required: ['id'] }
export const VERSION_PARAMS = {
  type: 'object',
  properties: { id: ID, n: { ...TEXT, pattern: VERSION_NUMBER, description: 'A version of that environment' } },
  required: ['id', 'n'],
}

const NUMBER_OR_NULL = { type: ['integer', 'null'] } as const
const NULLABLE_TEXT = { type: ['string', 'null'] } as const
const NULLABLE_NUMBER = { type: ['number', 'null'] } as const
const COUNT = { type: 'integer' } as const
const NUMBER = { type: 'number' } as const

export const CHANGED = answer(
  'What was done',
  {
    slug: TEXT,
    environment: TEXT,
    action: TEXT,
    state: TEXT,
    version: NUMBER_OR_NULL,
    previous_version: NUMBER_OR_NULL,
    commit: NULLABLE_TEXT,
    digest: NULLABLE_TEXT,
    changed: FLAG,
    provisional: { const: true },
  },
  ['provisional'],
)

const TOKENS = answer('Of one call, or of all together', { total: COUNT, prompt: COUNT, completion: COUNT })

const ASSERTION = answer(
  'What one assertion said',
  {
    type: TEXT,
    pass: FLAG,
    score: NUMBER,
    weight: NUMBER,
    reason: TEXT,
    value: {},
    threshold: NUMBER,
    metric: TEXT,
    assertions: { type: 'array', items: OBJECT },
  },
  ['value', 'threshold', 'metric', 'assertions'],
)

const CASE = answer(
  'One case, with the answer of one provider',
  {
    test: COUNT,
    case: COUNT,
    description: NULLABLE_TEXT,
    vars: OBJECT,
    provider: TEXT,
    pass: FLAG,
    score: NUMBER,
    error: NULLABLE_TEXT,
    reason: NULLABLE_TEXT,
    prompt: { anyOf: [TEXT, { type: 'array', items: OBJECT }, { type: 'null' }] },
    output: NULLABLE_TEXT,
    latency_ms: NULLABLE_NUMBER,
    cost: NULLABLE_NUMBER,
    tokens: { anyOf: [TOKENS, { type: 'null' }] },
    assertions: { type: 'array', items: ASSERTION },
    line: COUNT,
    column: COUNT,
  },
  ['line', 'column'],
)

export const EVALUATED = answer('What became of each case; 200 also when some failed', {
  slug: TEXT,
  environment: TEXT,
  version: NUMBER_OR_NULL,
  commit: NULLABLE_TEXT,
  digest: TEXT,
  resolved_digest: TEXT,
  set: TEXT,
  set_digest: TEXT,
  providers: TEXTS,
  passed: COUNT,
  failed: COUNT,
  errors: COUNT,
  total: COUNT,
  tokens: TOKENS,
  cost: NULLABLE_NUMBER,
  duration_ms: COUNT,
  interrupted: FLAG,
  cases: { type: 'array', items: CASE },
})
