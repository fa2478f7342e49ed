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
const MESSAGES = { type: 'array', items: { type: 'object', additionalProperties: true } }

const VARIABLE = {
  type: 'object',
  description: 'The keywords that are declared for it stand beside these.',
  properties: {
    name: TEXT,
    required: { type: 'boolean' },
    used: { type: 'boolean' },
    declared: { type: 'boolean' },
    kind: { const: 'placeholder' },
    from: TEXT,
    fields: TEXTS,
  },
  required: ['name', 'required', 'used', 'declared'],
  additionalProperties: true,
}

const IDENTITY = {
  id: TEXT,
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

const answer = (description: string, properties: Readonly<Record<string, object>>) => ({
  description,
  type: 'object',
  properties,
})

export const DELIVERED = answer('A prompt as the environment serves it', {
  ...IDENTITY,
  blob: TEXT,
  resolved_digest: TEXT,
  subject: NULLABLE_TEXT,
  ...CONTENTS,
  declarations: { type: 'object', additionalProperties: true },
  partials: { type: 'object', additionalProperties: true },
})

export const COMPILED = answer('The compiled text, or the messages of a chat prompt', {
  slug: TEXT,
  environment: TEXT,
  version: NUMBER_OR_NULL,
  commit: NULLABLE_TEXT,
  digest: TEXT,
  resolved_digest: TEXT,
  compiled: { anyOf: [TEXT, MESSAGES] },
  variables: CONTENTS.variables,
})

const RECORD = { ...IDENTITY, state: TEXT, path: TEXT, live_version: NUMBER_OR_NULL }

export const TEMPLATES = answer('A page of the prompts of environments, whatever their state', {
  templates: { type: 'array', items: answer('A prompt in one environment', RECORD) },
  next_cursor: NULLABLE_TEXT,
})

export const TEMPLATE = answer('A prompt as its file is at the tip of the branch', {
  ...RECORD,
  ...CONTENTS,
  environments: { type: 'object', additionalProperties: true },
})

const VERSION = {
  version: { type: 'integer' },
  commit: TEXT,
  blob: NULLABLE_TEXT,
  slug: TEXT,
  environment: TEXT,
  action: TEXT,
  state: TEXT,
  live: { type: 'boolean' },
  author: answer('Who made the commit', { name: TEXT, email: TEXT }),
  date: TEXT,
  subject: TEXT,
  digest: NULLABLE_TEXT,
  provisional: { const: true },
}

export const VERSIONS = answer('The whole history, newest first', {
  slug: TEXT,
  versions: { type: 'array', items: answer('One version', VERSION) },
})

export const TEMPLATE_VERSION = answer('One version, whole', {
  ...VERSION,
  ...IDENTITY,
  ...CONTENTS,
  source: NULLABLE_TEXT,
})

const PROBLEM = {
  ...answer('What went wrong (RFC 9457)', {
    type: TEXT,
    title: TEXT,
    status: { type: 'integer' },
    detail: TEXT,
    code: TEXT,
    hint: TEXT,
    details: ANY_JSON,
  }),
  required: ['type', 'title', 'status', 'detail', 'code'],
}

/** Every failure is a problem document. */
export const PROBLEMS = {
  default: { description: PROBLEM.description, content: { 'application/problem+json': { schema: PROBLEM } } },
}

export const LANGFUSE_PROMPT = answer('A prompt as Langfuse has it', {
  id: TEXT,
  createdAt: TEXT,
  updatedAt: TEXT,
  projectId: TEXT,
  createdBy: TEXT,
  name: TEXT,
  version: { type: 'integer' },
  type: { enum: ['text', 'chat'] },
  prompt: { anyOf: [TEXT, MESSAGES] },
  config: ANY_JSON,
  labels: TEXTS,
  tags: TEXTS,
  isActive: { type: 'boolean' },
  commitMessage: NULLABLE_TEXT,
  resolutionGraph: { type: 'null' },
  promptctl: { type: 'object', additionalProperties: true },
})

export const LANGFUSE_LIST = answer('Names, in pages', {
  data: { type: 'array', items: { type: 'object', additionalProperties: true } },
  meta: answer('Where this page is', {
    page: { type: 'integer' },
    limit: { type: 'integer' },
    totalItems: { type: 'integer' },
    totalPages: { type: 'integer' },
  }),
})
