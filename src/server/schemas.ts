/** JSON Schemas of requests, which are checked, and of answers, which the description of the API shows. */

const TEXT = { type: 'string' } as const
const NULLABLE_TEXT = { type: ['string', 'null'] } as const
const ANY_JSON = {} as const
const TEXTS = { type: 'array', items: TEXT } as const

const environment = { ...TEXT, description: 'One of the registry’s environments' }
const version = { ...TEXT, description: 'A number, or at least 7 hex digits of a commit' }

/** A path's parameters: the name of a prompt, and with `number` that of a version. */
export const NAME = (name: string, number?: string) => ({
  type: 'object',
  properties: {
    [name]: { ...TEXT, description: 'A whole slug, a UUID or an alias' },
    ...(number === undefined ? {} : { [number]: { ...TEXT, description: 'The number of a version' } }),
  },
})

const LIMIT = '^[1-9][0-9]{0,2}$'
export const VERSION_NUMBER = '^[1-9][0-9]{0,8}$'
// Git takes no NUL in a commit message.
export const WITHOUT_NUL = '^[^\\u0000]*$'

/** What a pattern asks for, in words. */
export const PATTERN_WORDS: Readonly<Record<string, string>> = {
  [LIMIT]: 'must be a number from 1 to 999',
  [VERSION_NUMBER]: 'must be the number of a version',
  [WITHOUT_NUL]: 'must not hold the character NUL',
}

/** Query strings are closed: a name that is mistyped must not pass for one that was left out. */
const createQuery = (properties: Readonly<Record<string, object>>) => ({
  type: 'object',
  properties,
  additionalProperties: false,
})

export const DELIVERY_QUERY = createQuery({ environment, version })
export const ENVIRONMENT_QUERY = createQuery({ environment })
export const LIST_QUERY = createQuery({
  environment,
  state: { ...TEXT, enum: ['draft', 'published', 'archived', 'invalid'] },
  tag: TEXT,
  limit: { ...TEXT, pattern: LIMIT, description: '1 to 999; 100 when left out' },
  cursor: { ...TEXT, description: 'next_cursor of the page before' },
})

/** What other people's clients send is not for us to refuse. */
const createOpenQuery = (properties: Readonly<Record<string, object>>) => ({ type: 'object', properties })

export const LANGFUSE_QUERY = createOpenQuery({
  version: TEXT,
  label: { ...TEXT, description: 'An environment, or latest; production when left out' },
  resolve: { ...TEXT, enum: ['true', 'false'] },
})
export const LANGFUSE_LIST_QUERY = createOpenQuery({ page: TEXT, limit: TEXT, name: TEXT, label: TEXT, tag: TEXT })

/** The values of a prompt's variables. */
export const VALUES = { type: 'object', additionalProperties: true, description: 'The values, by variable' }

const NUMBER_OR_NULL = { type: ['integer', 'null'] } as const
const COUNT = { type: 'integer' } as const
const FLAG = { type: 'boolean' } as const
const OPEN = { type: 'object', additionalProperties: true } as const
const MESSAGES = { type: 'array', items: OPEN } as const

type Properties = Readonly<Record<string, object>>

/** An object of ours: every key is there, but for those that are named as optional. */
export const answer = (description: string, properties: Properties, optional: readonly string[] = []) => ({
  description,
  type: 'object',
  properties,
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
})

const VARIABLE = {
  ...answer(
    'The keywords that are declared for it stand beside these.',
    {
      name: TEXT,
      required: FLAG,
      used: FLAG,
      declared: FLAG,
      kind: { const: 'placeholder' },
      from: TEXT,
      fields: TEXTS,
    },
    ['kind', 'from', 'fields'],
  ),
  additionalProperties: true,
}

const IDENTITY = {
  id: NULLABLE_TEXT,
  slug: TEXT,
  title: NULLABLE_TEXT,
  description: NULLABLE_TEXT,
  tags: TEXTS,
  aliases: TEXTS,
  environment: TEXT,
  version: NUMBER_OR_NULL,
  provisional: { const: true },
  commit: NULLABLE_TEXT,
  digest: NULLABLE_TEXT,
  published_at: NULLABLE_TEXT,
  published_by: NULLABLE_TEXT,
  live_since: NULLABLE_TEXT,
  live_by: NULLABLE_TEXT,
} as const

const CONTENTS = {
  model: ANY_JSON,
  tools: ANY_JSON,
  response_format: ANY_JSON,
  config: ANY_JSON,
  template: TEXT,
  messages: MESSAGES,
  variables: { type: 'array', items: VARIABLE },
} as const

const ONE_OF_BOTH = ['template', 'messages']

const PARTIAL = answer('What compiling needs of it', { template: TEXT, declarations: OPEN, digest: TEXT })

export const DELIVERED = answer(
  'A prompt as the environment serves it',
  {
    ...IDENTITY,
    blob: TEXT,
    resolved_digest: TEXT,
    subject: NULLABLE_TEXT,
    ...CONTENTS,
    declarations: OPEN,
    partials: { type: 'object', additionalProperties: PARTIAL },
    empty: { ...TEXTS, description: 'What the file has with nothing in it: the digest covers it' },
  },
  ['provisional', 'empty', ...ONE_OF_BOTH],
)

export const COMPILED = answer(
  'The compiled text, or the messages of a chat prompt',
  {
    slug: TEXT,
    environment: TEXT,
    version: NUMBER_OR_NULL,
    provisional: { const: true },
    commit: NULLABLE_TEXT,
    digest: TEXT,
    resolved_digest: TEXT,
    compiled: { anyOf: [TEXT, MESSAGES] },
    variables: CONTENTS.variables,
  },
  ['provisional'],
)

const RECORD = { ...IDENTITY, state: TEXT, path: TEXT, live_version: NUMBER_OR_NULL }

export const TEMPLATES = answer('A page of the prompts of environments, whatever their state', {
  templates: { type: 'array', items: answer('A prompt in one environment', RECORD, ['provisional']) },
  next_cursor: NULLABLE_TEXT,
})

const STANDING = answer('How it stands there', {
  state: TEXT,
  version: NUMBER_OR_NULL,
  live_version: NUMBER_OR_NULL,
  digest: NULLABLE_TEXT,
})

export const TEMPLATE = answer(
  'A prompt as its file is at the tip of the branch; a file that cannot be read has no contents',
  { ...RECORD, ...CONTENTS, environments: { type: 'object', additionalProperties: STANDING } },
  ['provisional', ...Object.keys(CONTENTS)],
)

const VERSION = {
  version: COUNT,
  commit: TEXT,
  blob: NULLABLE_TEXT,
  slug: TEXT,
  environment: TEXT,
  action: TEXT,
  state: TEXT,
  live: FLAG,
  author: answer('Who made the commit', { name: TEXT, email: TEXT }),
  date: TEXT,
  subject: TEXT,
  digest: NULLABLE_TEXT,
  provisional: { const: true },
}

export const VERSIONS = answer('The whole history, newest first', {
  slug: TEXT,
  versions: { type: 'array', items: answer('One version', VERSION, ['provisional']) },
})

export const TEMPLATE_VERSION = answer(
  'One version, whole; what is deleted or cannot be read has no contents',
  { ...RECORD, ...CONTENTS, ...VERSION, source: NULLABLE_TEXT },
  ['provisional', ...Object.keys({ ...RECORD, ...CONTENTS }).filter((key) => !Object.hasOwn(VERSION, key))],
)

const PROBLEM = answer(
  'What went wrong (RFC 9457)',
  { type: TEXT, title: TEXT, status: COUNT, detail: TEXT, code: TEXT, hint: TEXT, details: ANY_JSON },
  ['hint', 'details'],
)

const problem = (description: string) => ({
  description,
  headers: { 'Retry-After': { ...TEXT, description: 'With 503: in seconds' } },
  content: { 'application/problem+json': { schema: PROBLEM } },
})

/** Every failure is a problem document. */
export const PROBLEMS = { default: problem(PROBLEM.description) }

const ETAG = { ETag: { ...TEXT, description: 'Of exactly this answer' } }

/** Answers with an ETag, or 304 to who has it already. */
export const tagged = (schema: object) => ({
  200: { ...schema, headers: ETAG },
  304: { description: 'If-None-Match names the ETag', type: 'null', headers: ETAG },
  ...PROBLEMS,
})

/** Answers of a write: the ETag is what the next write expects. */
export const written = (status: 200 | 201, schema: object) => ({
  [status]: { ...schema, headers: { ...ETAG, ...(status === 201 ? { Location: TEXT } : {}) } },
  ...(status === 200 ? { 412: problem('If-Match names no ETag that the prompt has now') } : {}),
  ...PROBLEMS,
})

/** An answer that is no JSON. */
export const inText = (type: string, description: string) => ({ description, content: { [type]: { schema: TEXT } } })

export const HEALTHY = answer('The process answers', { status: { const: 'ok' } })

const READINESS = {
  status: { enum: ['ready', 'degraded', 'loading', 'draining'] },
  failing: { ...TEXTS, description: 'What goes wrong beside answering' },
  commit: NULLABLE_TEXT,
}
export const READY = answer('Prompts are served', READINESS)
export const NOT_READY = answer('Before the first load, and while draining', READINESS)

export const REFRESHED = answer('What is served now', { commit: NULLABLE_TEXT })
export const REFRESHING = answer('It takes longer, and goes on; what was served is', { commit: NULLABLE_TEXT })

/** A failure as Langfuse's clients know it. */
export const LANGFUSE_ERRORS = { default: answer('What went wrong', { message: TEXT, error: TEXT }) }

export const LANGFUSE_PROMPT = answer('A prompt as Langfuse has it', {
  id: TEXT,
  createdAt: TEXT,
  updatedAt: TEXT,
  projectId: TEXT,
  createdBy: TEXT,
  name: TEXT,
  version: COUNT,
  type: { enum: ['text', 'chat'] },
  prompt: { anyOf: [TEXT, MESSAGES] },
  config: ANY_JSON,
  labels: TEXTS,
  tags: TEXTS,
  isActive: FLAG,
  commitMessage: NULLABLE_TEXT,
  resolutionGraph: { type: 'null' },
  promptctl: answer('What Langfuse has no word for', {
    commit: NULLABLE_TEXT,
    environment: TEXT,
    digest: TEXT,
    variables: CONTENTS.variables,
  }),
})

const LANGFUSE_LISTED = answer('A name', {
  name: TEXT,
  type: { enum: ['text', 'chat'] },
  versions: { type: 'array', items: COUNT },
  labels: TEXTS,
  tags: TEXTS,
  lastUpdatedAt: TEXT,
  lastConfig: ANY_JSON,
})

export const LANGFUSE_LIST = answer('Names, in pages', {
  data: { type: 'array', items: LANGFUSE_LISTED },
  meta: answer('Where this page is', { page: COUNT, limit: COUNT, totalItems: COUNT, totalPages: COUNT }),
})
