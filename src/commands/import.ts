import { basename } from 'node:path'
import { PromptctlError } from '../core/errors.js'
import type { ImportRows } from '../core/import/rows.js'
import { visibleLine } from '../core/visible.js'
import type { ImportSummary } from '../registry/import.js'
import { type Context, defineCommand, type Style } from './command.js'
import { textOption, writeFlags, writeOptions } from './options.js'

interface Request extends ReturnType<typeof writeOptions> {
  readonly path: string
  readonly titleColumn: string | undefined
  readonly templateColumn: string | undefined
  readonly placeholder: string | undefined
}

export const importCommand = defineCommand<Request, ImportSummary>({
  usage: 'import <file-or-folder>',
  summary: 'Bring in the prompts of a CSV file or a folder, as drafts',
  examples: [
    "promptctl import prompts.csv --title-column act --template-column prompt --placeholder '${}'",
    'promptctl import ./old-prompts --dry-run',
  ],
  flags: (command) => {
    command.option('--title-column <name>', 'CSV: the column with the titles (default: title)')
    command.option('--template-column <name>', 'CSV: the column with the texts (default: template)')
    command.option('--placeholder <style>', "'${}' turns ${name} and ${name:default} into variables")
    writeFlags(command)
  },
  parse: ([path = ''], options) => ({
    path,
    titleColumn: textOption(options, 'titleColumn'),
    templateColumn: textOption(options, 'templateColumn'),
    placeholder: textOption(options, 'placeholder'),
    ...writeOptions(options),
  }),
  run: async (request, context) => {
    const registry = await context.registry()
    const { convertText, parsePlaceholderStyle } = await import('../core/import/placeholders.js')
    const style = request.placeholder === undefined ? undefined : parsePlaceholderStyle(request.placeholder)
    const source = await readSource(request, context)
    const { importPrompts } = await import('../registry/import.js')
    const progress = context.progress('importing')
    try {
      return await importPrompts(registry, {
        ...request,
        source,
        convert: (text) => convertText(text, style),
        onProgress: progress.update,
      })
    } finally {
      progress.end()
    }
  },
  text: formatSummary,
  json: ({ imported, skipped, commit, prompts, warnings, reasons }) => ({
    imported,
    skipped,
    commit,
    prompts,
    warnings,
    reasons,
  }),
})

async function readSource(request: Request, context: Context): Promise<ImportRows> {
  const { path, titleColumn, templateColumn } = request
  if (context.isFolder(path)) {
    if ((titleColumn ?? templateColumn) !== undefined) {
      throw new PromptctlError('usage', '--title-column and --template-column are for a CSV file, and this is a folder')
    }
    const { parseFolder } = await import('../core/import/folder.js')
    return parseFolder(await context.readFolder(path))
  }
  const { parseCsv } = await import('../core/import/csv.js')
  return parseCsv(await context.readInput(path), {
    titleColumn: titleColumn ?? 'title',
    templateColumn: templateColumn ?? 'template',
    file: basename(path),
  })
}

const SHOWN = 10

function formatSummary(summary: ImportSummary, style: Style): string {
  const { imported, skipped, commit, dryRun, warnings, reasons } = summary
  const lines = [
    ...warnings.map((warning) => `${style.yellow('warning')}  ${visibleLine(warning)}`),
    ...reasons
      .slice(0, SHOWN)
      .map(({ source, reason }) => style.dim(`skipped  ${visibleLine(`${source}: ${reason}`)}`)),
    ...(reasons.length > SHOWN ? [style.dim(`skipped  ${reasons.length - SHOWN} more`)] : []),
    `${style.bold(String(imported))} imported, ${skipped} skipped`,
    ...(commit === null ? [] : [style.dim(`commit ${commit.slice(0, 12)}`)]),
    ...(dryRun ? [style.dim('Dry run: nothing was changed.')] : []),
  ]
  return `${lines.join('\n')}\n`
}
