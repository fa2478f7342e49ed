import { describe, expect, it } from 'vitest'
import { createRegistry, ENGINES } from '../helpers/registry.js'

interface Diff {
  readonly slug: string
  readonly environment: string
  readonly before: string
  readonly after: string
  readonly included_by: readonly string[]
  readonly compiled: readonly unknown[] | null
}

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
