import { createHash } from 'node:crypto'
import { createRandom, mix } from './random.mjs'

/**
 * Prompt files as teams write them: 1 to 2 KB of text with a handful of variables, some chats, some partials. A prompt's
 * content follows from the seed, its index and a revision, so a history holds numbers and no texts. Everything here is
 * written without promptctl's own code, so that a fault there cannot hide itself.
 */

export const ENVIRONMENTS = ['development', 'staging', 'production']

/** The first prompts are partials: live everywhere, changed now and then, never taken away. */
export const PARTIALS = 10

const SUBJECTS =
  'Refund,Invoice,Incident,Release,Contract,Ticket,Résumé,Meeting,Survey,Order,Code,Query,Test,Design,Market'
    .split(',')
    .map((word) => word.trim())
const TASKS = 'Summary,Reply,Review,Checklist,Triage,Rewrite,Explanation,Plan,Translation,Report,Estimate'.split(',')
const QUALITIES = 'Short,Careful,Friendly,Formal,Technical,Weekly,First,Internal,Public,Detailed'.split(',')
const VERBS = 'Check,Name,Compare,Quote,Leave out,Group,Repeat,Explain,Count,Order,Verify,Rank,Link'.split(',')
const ADJECTIVES = 'open,relevant,earlier,missing,exact,final,doubtful,similar,new,contested,public'.split(',')
const NOUNS =
  'facts,figures,sources,promises,deadlines,names,risks,steps,questions,answers,dates,costs,terms,examples'.split(',')
const ENDINGS = [
  'before you answer',
  'when the text says so',
  'in the order in which they come',
  'and say when one is unknown',
  'without any comment of your own',
  'for a reader who was not there',
  'unless the customer asked for less',
]

const VARIABLES = [
  ['audience', { type: 'string', description: 'Who reads the answer.', example: 'engineers' }],
  ['tone', { type: 'string', enum: ['neutral', 'warm', 'strict'], default: 'neutral' }],
  ['language', { type: 'string', default: 'English' }],
  ['limit', { type: 'integer', minimum: 1, maximum: 500, example: 120 }],
  ['product', { type: 'string', minLength: 1, example: 'Example Cloud' }],
]
const ALWAYS = ['input', { type: 'string', description: 'The text to work on.', example: 'It broke again on Monday.' }]
const SECTION = ['polite', { type: 'boolean', default: true }]

/** What never changes about the prompt with that index. */
export function createPrompt(seed, index) {
  const random = createRandom(seed, 1, index)
  const hex = () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0')
  const [a, b, c, d] = [hex(), hex(), hex(), hex()]
  const title = `${random.pick(QUALITIES)} ${random.pick(SUBJECTS)} ${random.pick(TASKS)}`
  const named = title
    .normalize('NFD')
    .replace(/[^a-zA-Z ]/g, '')
    .toLowerCase()
    .replaceAll(' ', '-')
  const isPartial = index < PARTIALS
  return {
    index,
    seed: mix(seed, 2, index),
    id: `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`,
    slug: `${named}-${a}`,
    title,
    isPartial,
    isChat: !isPartial && random.chance(0.15),
    include: !isPartial && random.chance(0.05) ? createPrompt(seed, random.below(PARTIALS)).slug : undefined,
    variables: isPartial ? [] : chooseVariables(random),
    rules: 14 + random.below(14),
    temperature: random.below(10) / 10,
  }
}

const chooseVariables = (random) => [
  ...VARIABLES.filter(() => random.chance(0.7)),
  ALWAYS,
  ...(random.chance(0.3) ? [SECTION] : []),
]

/** A rule is edited when the revision's turn comes to it, so that one revision differs from the next in one line. */
function formatRule(prompt, line, revision) {
  const edits = Math.floor((revision + prompt.rules - line) / prompt.rules)
  const random = createRandom(prompt.seed, 3, line, edits)
  const object = `${random.pick(ADJECTIVES)} ${random.pick(NOUNS)}`
  return `- ${random.pick(VERBS)} the ${object} ${random.pick(ENDINGS)}.`
}

function formatTemplate(prompt, revision) {
  const rules = Array.from({ length: prompt.rules }, (_, line) => formatRule(prompt, line, revision))
  if (prompt.isPartial) return `House rules, which stand above all others:\n${rules.slice(0, 8).join('\n')}\n`
  const settings = prompt.variables.flatMap((variable) => {
    if (variable === ALWAYS) return []
    const [name] = variable
    return variable === SECTION ? '{{#polite}}Thank the reader at the end.{{/polite}}' : `The ${name} is {{${name}}}.`
  })
  return [
    `You write a ${prompt.title.toLowerCase()} for people who have little time.`,
    ...settings,
    ...(prompt.include === undefined ? [] : [`{{> ${prompt.include}}}`]),
    '',
    'Rules:',
    ...rules,
    '',
    'The text follows.',
    '{{input}}',
    '',
  ].join('\n')
}

/** What the digest covers. */
function contentOf(prompt, revision) {
  const template = formatTemplate(prompt, revision)
  const text = prompt.isChat
    ? {
        messages: [
          { role: 'system', content: template },
          { role: 'user', content: 'Begin with {{input}}' },
        ],
      }
    : { template }
  return {
    model: { provider: 'openai', name: 'gpt-4o-mini', parameters: { temperature: prompt.temperature } },
    ...(prompt.variables.length > 0 ? { variables: Object.fromEntries(prompt.variables) } : {}),
    ...text,
  }
}

/** RFC 8785, for what is used here: plain keys, and numbers that JSON.stringify writes the same way. */
function canonicalJson(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join(',')}}`
}

const digestOf = (content) => `sha256:${createHash('sha256').update(canonicalJson(content)).digest('hex')}`

const indent = (text, by) => text.replace(/^(?=.)/gm, by)

function formatContent({ model, variables, template, messages }) {
  const lines = [`model: ${JSON.stringify(model)}`]
  if (variables !== undefined) lines.push('variables:')
  for (const [name, schema] of Object.entries(variables ?? {})) {
    lines.push(`  ${name}:`)
    for (const [keyword, value] of Object.entries(schema)) lines.push(`    ${keyword}: ${JSON.stringify(value)}`)
  }
  if (template !== undefined) return `${lines.join('\n')}\ntemplate: |\n${indent(template, '  ')}`
  const [system, user] = messages
  lines.push('messages:', '  - role: system', '    content: |', indent(system.content, '      ').trimEnd())
  return `${lines.join('\n')}\n  - role: user\n    content: ${JSON.stringify(user.content)}\n`
}

/**
 * The file of a prompt as a record says: `{environment, state, revision, sealed, at, by}`, where `sealed` is the revision
 * that was published last (undefined: none was), and state is a prompt's state or `garbage`.
 */
export function formatPrompt(prompt, { environment, state, revision, sealed, at, by }) {
  if (state === 'garbage')
    return `<<<<<<< HEAD\nid: ${prompt.id}\n=======\nslug: ${prompt.slug}\nrevision ${revision}\n`
  const content = contentOf(prompt, revision)
  const seal = sealed === undefined ? undefined : digestOf(sealed === revision ? content : contentOf(prompt, sealed))
  return [
    `id: ${prompt.id}`,
    `slug: ${prompt.slug}`,
    `title: ${JSON.stringify(prompt.title)}`,
    'tags: [bench]',
    `environment: ${environment}`,
    `state: ${state}`,
    ...(seal === undefined ? [] : [`published_at: "${at}"`, `published_by: "${by}"`, `digest: ${seal}`]),
    formatContent(content),
  ].join('\n')
}

/** Values for the variables that have no default, as `name=value`. */
export const valuesOf = ({ variables }) =>
  variables.flatMap(([name, { example }]) => (example === undefined ? [] : `${name}=${example}`))

/** A text template as a CSV file of an older tool would hold it, with `${name}` for its variables. */
export const formatForeign = (prompt) =>
  formatTemplate({ ...prompt, include: undefined }, 1)
    .replace(/\{\{[#/]polite\}\}/g, '')
    .replace(/\{\{(\w+)\}\}/g, (_, name) => `\${${name}}`)
