import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { editText } from '../../src/cli/editor.js'
import { PromptctlError } from '../../src/core/errors.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'promptctl-editor-test-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const DRAFT = { text: 'before\n', name: 'greeting.yaml' }
/** An editor that adds a line, and ends with that status. */
const typing = (status = 0) => ({ EDITOR: `f() { echo typed >> "$1"; exit ${status}; }; f` })
const left = () => readdirSync(folder, { recursive: true })
const failureOf = (action: Promise<unknown>): Promise<Error & { hint?: string }> =>
  action.then(
    () => expect.fail('it succeeded'),
    (error) => error,
  )

describe('editText', () => {
  it('gives what was saved, and removes the file when it was used', async () => {
    expect(await editText(typing(), DRAFT, async (text) => text)).toBe('before\ntyped\n')
    expect(left()).toEqual([])
  })

  it.each([
    ['conflict', new PromptctlError('conflict', 'It moved', { hint: 'Try again.' }), / Try again\.$/],
    ['the disk', Object.assign(new Error('ENOSPC'), { syscall: 'write' }), /yaml\.$/],
  ])('keeps what was typed when using it fails, and says where: %s', async (_, failure, rest) => {
    const { hint = '' } = await failureOf(editText(typing(), DRAFT, () => Promise.reject(failure)))
    const [, file = ''] = /^What you typed is kept in (\S+\.yaml)\./.exec(hint) ?? []
    expect(readFileSync(file, 'utf8')).toBe('before\ntyped\n')
    expect(hint).toMatch(rest)
  })

  it('keeps it through a bug, and through an editor that fails', async () => {
    const bug = await failureOf(editText(typing(), DRAFT, () => Promise.reject(new Error('a bug'))))
    expect(bug.message).toMatch(/^a bug\. What you typed is kept in \S+\.yaml\.$/)
    const { hint } = await failureOf(editText(typing(1), DRAFT, async (text) => text))
    expect(hint).toMatch(/^What you typed is kept in /)
    expect(left()).toHaveLength(4)
  })

  it('leaves nothing behind when nothing was typed', async () => {
    const failure = new PromptctlError('usage', 'The template is empty')
    expect(await failureOf(editText({ EDITOR: 'true' }, DRAFT, () => Promise.reject(failure)))).toBe(failure)
    expect(await failureOf(editText({ EDITOR: 'rm' }, DRAFT, async (text) => text))).toHaveProperty('syscall')
    expect(existsSync(folder) && left()).toEqual([])
  })

  it('needs an editor', async () => {
    expect(await failureOf(editText({}, DRAFT, async (text) => text))).toMatchObject({ code: 'usage' })
  })
})
