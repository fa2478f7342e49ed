import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
import { filesBelow, inputsOf, readFixture } from './corpus.js'

/** Something that reads what strangers wrote. */
export interface Target {
  readonly name: string
  readonly corpus: readonly Buffer[]
  read(bytes: Buffer): void
}

const PROMPTS = [...filesBelow('registry/prompts', /\.yaml$/), ...filesBelow('broken/prompts', /\.ya?ml$/)]
const TEMPLATES = readFixture('cases/templates.yaml')
  .toString('utf8')
  .split('\n')
  .flatMap((line) => /template: '(.*)'$/.exec(line)?.[1] ?? [])
  .map((template) => Buffer.from(template))

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
    { name: 'template', corpus: TEMPLATES, read: (bytes) => void parseTemplate(bytes.toString()) },
    {
      name: 'configuration',
      corpus: [...filesBelow('', /promptctl\.yaml$/), readFixture('fuzz/configuration.yaml')],
      read: (bytes) => void parseConfig(bytes, 'promptctl.yaml', { defaultName: 'a' }),
    },
    {
      name: 'reference',
      corpus: inputsOf('references.txt'),
      read: (bytes) => {
        parseName(bytes.toString())
        parseReference(bytes.toString())
      },
    },
    {
      name: 'time',
      corpus: inputsOf('times.txt'),
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
      corpus: inputsOf('outbox.jsonl'),
      read: (bytes) =>
        readFolder(join(dir, 'outbox'), 'msg_0123456789abcdef0123456789abcdef.json', bytes, () =>
          new Outbox(dir).list(),
        ),
    },
    {
      name: 'remembered push',
      corpus: inputsOf('pushes.jsonl'),
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
