import { median } from './measure.mjs'

/**
 * A result: `{name, peer, target, unit}` of the figure, and either `samples: {figure, peer}` or `missing`, which says why
 * there are none. Without a peer the target is an amount and not a ratio.
 */

export const createResult = (figure, measured) => {
  const { name, peer, target, unit = 'ms' } = figure
  if ('missing' in measured) return { name, peer, target, unit, ...measured }
  const ours = median(measured.figure)
  const theirs = peer === undefined ? undefined : median(measured.peer)
  const ratio = theirs === undefined ? undefined : ours / theirs
  return {
    name,
    peer,
    target,
    unit,
    figure: ours,
    against: theirs,
    ratio,
    pass: (ratio ?? ours) <= target,
    samples: measured,
  }
}

const formatAmount = (value, unit) =>
  value === undefined
    ? '-'
    : `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ${unit}`

const rowOf = ({ name, peer, target, unit, figure, against, ratio, pass, missing, samples }) => {
  const goal = target === undefined ? '-' : peer === undefined ? formatAmount(target, unit) : String(target)
  if (missing !== undefined) return [name, '-', peer ?? '-', '-', '-', goal, missing]
  const found = ratio === undefined ? '-' : ratio.toFixed(2)
  const verdict = target === undefined ? '-' : pass ? 'pass' : 'FAIL'
  return [
    name,
    formatAmount(figure, unit),
    peer ?? '-',
    formatAmount(against, unit),
    found,
    goal,
    `${verdict} (${samples.figure.length})`,
  ]
}

const HEAD = ['figure', '', 'peer', '', 'ratio', 'target', '(samples)']

/** A Markdown table, so that it can stand in a README as it is. */
export function formatTable(results) {
  const rows = [HEAD, ...results.map(rowOf)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const isNumber = (column) => column === 1 || column === 3 || column === 4 || column === 5
  const pad = (text, column) => (isNumber(column) ? text.padStart(widths[column]) : text.padEnd(widths[column]))
  const line = (cells) => `| ${cells.join(' | ')} |`
  const rule = widths.map((width, column) => (isNumber(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  const [head, ...body] = rows.map((row) => line(row.map(pad)))
  return [head, line(rule), ...body].join('\n')
}

export const formatMachine = ({ cpu, cores, memory_gib, platform, node, git }, { seed, load }) =>
  `${cpu}, ${cores} cores, ${memory_gib} GiB, ${platform}; Node ${node}, git ${git}; seed ${seed}; load ${load}`
