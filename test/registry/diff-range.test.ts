import { describe, expect, it } from 'vitest'
import { createRegistry, ENGINES, type TestRegistry } from '../helpers/registry.js'

interface Diff {
  readonly slug: string
  readonly environment: string
  readonly before: string
  readonly after: string
  readonly included_by: readonly string[]
  readonly compiled: readonly unknown[] | null
}

describe('who includes what differs', () => {
  const includedBy = async (registry: TestRegistry, ...words: string[]) => {
    const json = await registry.json<Diff | Diff[]>('diff', ...words)
    const { stdout } = await registry.cli('diff', ...words, '--format', 'markdown')
    const [, names = ''] = /^Included by (.*)\.$/m.exec(stdout) ?? []
    return [[json].flat().map(({ included_by }) => included_by), names]
  }

  it('is said of versions, files and environments alike, for the environment of the second', async () => {
    const registry = createRegistry()
    const { slug: style } = registry.seed('Style', [
      { template: 'Be warm.\n' },
      { environment: 'staging', template: 'Be firm.\n' },
      { template: 'Be kind.\n' },
    ])
    const { slug: middle } = registry.seed('Middle', [{ template: `{{> ${style}}}\n` }])
    const { slug: top } = registry.seed('Top', [{ template: `{{> ${middle}}}\n` }])
    const { slug: live } = registry.seed('Live', [{ environment: 'staging', template: `{{> ${style}}}\n` }])
    const broken = registry.seed('Broken', [{ state: 'draft', template: `{{> ${style}}}{{^a}}{{/a}}` }])
    registry.edit(broken.slug, '{{/a}}', '')
    registry.commit('by hand')
    const all = [[[middle, top]], `\`${middle}\`, \`${top}\``]
    expect(await includedBy(registry, style, '1', '3')).toEqual(all)
    expect(await includedBy(registry, style, 'staging', 'development')).toEqual(all)
    expect(await includedBy(registry, style, 'development', 'staging')).toEqual([[[live]], `\`${live}\``])
    // In byte order of the slugs: live, middle, style and top differ.
    expect(await includedBy(registry, 'development', 'staging')).toEqual([[[], [], [live], []], `\`${live}\``])
    registry.edit(style, 'kind', 'brief')
    registry.edit(top, `{{> ${middle}}}`, 'Top')
    expect(await includedBy(registry, style)).toEqual([[[middle]], `\`${middle}\``])
  })
})

describe.each(ENGINES)('diff --range (%s)', (engine) => {
  it('shows what a branch changed since it parted, and who includes it', async () => {
    const registry = createRegistry({ engine })
    const { slug: style } = registry.live('Style', 'Be warm.\n')
    const { slug: middle } = registry.live('Middle', `{{> ${style}}}\nMiddle.\n`)
    const { slug: top } = registry.live('Top', `{{> ${middle}}}\nTop \`\`\`\n`)
    const { slug: gone } = registry.live('Gone', 'Gone\n')
    registry.repo.git('checkout', '-q', '-b', 'side')
    registry.edit(style, 'Be warm.', 'Be kind.')
    registry.repo.git('rm', '-q', registry.file(gone))
    registry.edit(top, 'template:', 'template: [')
    registry.commit('change')
    registry.repo.git('checkout', '-q', 'main')
    registry.live('Later', 'not of the branch')

    const diffs = await registry.json<Diff[]>('diff', '--range', 'main..side')
    expect(diffs.map(({ slug, environment, before, after }) => [slug, environment, before, after])).toEqual([
      [gone, 'development', 'before', 'deleted'],
      [style, 'development', 'before', 'after'],
      [top, 'development', 'before', 'after'],
    ])
    expect(diffs.map(({ included_by }) => included_by)).toEqual([[], [middle], []])
    expect(diffs[1]?.compiled).toHaveLength(1)
    expect(diffs[2]?.compiled).toBeNull()

    const { stdout } = await registry.cli('diff', '--range', 'main..side', '--format', 'markdown')
    expect(stdout).toContain(`Included by \`${middle}\`.`)
    expect(stdout).toContain('-Be warm.\n+Be kind.\n')
    expect(stdout).toContain('````diff')
    expect((await registry.cli('diff', '--range', 'main..main', '--format', 'markdown')).stdout).toBe(
      'No prompt changed.\n',
    )
    await registry.fails(2, 'usage', 'diff')
    await registry.fails(2, 'usage', 'diff', style, '--range', 'main..side')
    await registry.fails(3, 'not_found', 'diff', '--range', 'nowhere..side')
  })
})
