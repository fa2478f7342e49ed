import type { Finding } from '../core/lint/rules.js'
import { visibleLine } from '../core/visible.js'

/**
 * Findings as workflow commands, which GitHub shows beside the line. Source of the format and its escapes:
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export const formatGithub = (
  findings: readonly (Omit<Finding, 'rule'> & { readonly rule: string })[],
  prefix: string,
): string =>
  findings
    .map(({ rule, severity, file, line, column, message }) => {
      const properties = { file: `${prefix}${file}`, line, col: column, title: `promptctl ${rule}` }
      const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
      return `::${severity} ${list.join(',')}::${escapeData(visibleLine(message))}\n`
    })
    .join('')

const escapeData = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

const escapeProperty = (text: string): string => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
