import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { preparePrompt } from '../../../src/core/compile.js'
import { parseConfig } from '../../../src/core/config.js'
import { parseCsv } from '../../../src/core/import/csv.js'
import { convertPlaceholders } from '../../../src/core/import/placeholders.js'
import { parsePrompt, promptSource } from '../../../src/core/prompt-reader.js'
import { setValues } from '../../../src/core/prompt-writer.js'
import { parseName, parseReference } from '../../../src/core/reference.js'
import { parseTemplate } from '../../../src/core/template.js'
import { parseTime } from '../../../src/core/time.js'
import { Outbox } from '../../../src/webhook/outbox.js'
import { Pushes } from '../../../src/webhook/pushes.js'
import { tempDir } from '../../helpers/registry.js'

/** Something that reads what strangers wrote. */
export interface Target {
  readonly name: string
  readonly corpus: readonly Buffer[]
  read(bytes: Buffer): void
}

const FIXTURES = fileURLToPath(new URL('../../../fixtures', import.meta.url))

const filesBelow = (folder: string, pattern: RegExp): readonly Buffer[] =>
  readdirSync(join(FIXTURES, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => readFileSync(join(FIXTURES, folder, name)))

const PROMPTS = [...filesBelow('registry/prompts', /\.yaml$/), ...filesBelow('broken/prompts', /\.ya?ml$/)]
const TEMPLATES = readFileSync(join(FIXTURES, 'cases/templates.yaml'), 'utf8')
  .split('\n')
  .flatMap((line) => /template: '(.*)'$/.exec(line)?.[1] ?? [])

const texts = (...list: readonly string[]): readonly Buffer[] => list.map((text) => Buffer.from(text))

const ENTRY = JSON.stringify({
  format: 1,
  id: 'msg_0123456789abcdef0123456789abcdef',
  url: 'https://example.com/hook',
  secretEnv: 'PROMPTCTL_WEBHOOK_SECRET',
  about: 'greet-00000001 v1 published in production',
  body: '{"id":"msg_0123456789abcdef0123456789abcdef"}',
  createdAt: '2024-01-01T00:00:00.000Z',
  order: 0,
  state: 'pending',
  attempts: 0,
  lastAttemptAt: null,
  status: null,
  reason: null,
  notBefore: null,
})

function readPromptFile(bytes: Buffer): void {
  const document = parsePrompt(bytes, 'prompts/development/greet-00000001.yaml')
  setValues(document.source, { state: 'published', published_at: '2024-01-01T00:00:00Z', digest: document.seal })
  const prepared = preparePrompt(promptSource(document), () => undefined)
  prepared.checkDeclarations()
}

export const createTargets = (): readonly Target[] => {
  const dir = tempDir()
  return [
    { name: 'prompt file', corpus: PROMPTS, read: readPromptFile },
    { name: 'template', corpus: texts(...TEMPLATES), read: (bytes) => void parseTemplate(bytes.toString()) },
    {
      name: 'configuration',
      corpus: [
        ...filesBelow('', /promptctl\.yaml$/),
        ...texts(
          'name: a\nbranch: main\nenvironments: [development, production]\npromotion: strict\nwebhooks:\n  - url: https://example.com/\n    secret_env: PROMPTCTL_WEBHOOK_SECRET\n    environments: [production]\n    actions: [published]\ngates:\n  production: {eval: required, pass_rate: 1}\n',
        ),
      ],
      read: (bytes) => void parseConfig(bytes, 'promptctl.yaml', { defaultName: 'a' }),
    },
    {
      name: 'reference',
      corpus: texts(
        'greet-00000001',
        'greet-00000001@3',
        'greet@abcdef1',
        'team/greet',
        '00000001',
        '../../etc/passwd',
      ),
      read: (bytes) => {
        parseName(bytes.toString())
        parseReference(bytes.toString())
      },
    },
    {
      name: 'time',
      corpus: texts('2024-01-01', '2024-01-01T02:00:00Z', '02:00', '3 days ago', 'yesterday', '1700000000'),
      read: (bytes) => void parseTime(bytes.toString(), 1_700_000_000_000),
    },
    {
      name: 'import',
      corpus: filesBelow('', /\.csv$/),
      read: (bytes) => {
        const { rows } = parseCsv(bytes, { titleColumn: 'title', templateColumn: 'template', file: 'a.csv' })
        for (const { template } of rows) convertPlaceholders(template)
      },
    },
    {
      name: 'outbox file',
      corpus: texts(ENTRY, ENTRY.replace('pending', 'failed')),
      read: (bytes) =>
        readFolder(join(dir, 'outbox'), 'msg_0123456789abcdef0123456789abcdef.json', bytes, () =>
          new Outbox(dir).list(),
        ),
    },
    {
      name: 'remembered push',
      corpus: texts(JSON.stringify({ ref: 'refs/heads/main', old: null, new: '0'.repeat(40) })),
      read: (bytes) => readFolder(join(dir, 'pushes'), `${'0'.repeat(32)}.json`, bytes, () => new Pushes(dir).list()),
    },
  ]
}

function readFolder(folder: string, name: string, bytes: Buffer, read: () => readonly unknown[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), bytes)
  const found = read()
  const left = readdirSync(folder)
  // What makes no sense is put aside, and never read as something else.
  if (found.length !== left.length) throw new Error(`${found.length} read, ${left.length} left`)
  for (const one of [folder, `${folder}.damaged`]) rmSync(one, { recursive: true, force: true })
}
