import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { explainSystemError, isPromptctlError, PromptctlError } from '../core/errors.js'

/** A text to edit, and the name that its file has in the editor. */
export interface Draft {
  readonly text: string
  readonly name: string
}

/**
 * Opens the user's editor on a temporary file, and uses what was saved. The file goes away when that succeeded; when anything
 * failed, what was typed stays, and the hint says where. Throws `usage` without an editor.
 */
export async function editText<T>(
  env: Readonly<Record<string, string | undefined>>,
  { text, name }: Draft,
  use: (edited: string) => Promise<T>,
): Promise<T> {
  const editor = env['VISUAL'] || env['EDITOR']
  if (!editor) {
    throw new PromptctlError('usage', 'No editor is set', {
      hint: 'Set EDITOR, or give the text with --template-file <file>.',
    })
  }
  const folder = mkdtempSync(join(tmpdir(), 'promptctl-edit-'))
  const file = join(folder, name)
  let result: T
  try {
    writeFileSync(file, text)
    await runEditor(editor, file)
    result = await use(readFileSync(file, 'utf8'))
  } catch (error) {
    if (holdsMore(file, text)) throw keptError(error, file)
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  rmSync(folder, { recursive: true, force: true })
  return result
}

/** True when there is something in the file that would be lost with it. */
function holdsMore(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') !== text
  } catch {
    // An editor may have removed the file, or the disk may have failed: then there is nothing to name.
    return false
  }
}

/** The same failure, with the file in the hint; a bug has no hint, and says it in its message. */
function keptError(error: unknown, file: string): Error {
  const failure = isPromptctlError(error) ? error : explainSystemError(error)
  const kept = `What you typed is kept in ${file}.`
  if (failure === undefined) {
    return new Error(`${error instanceof Error ? error.message : String(error)}. ${kept}`, { cause: error })
  }
  const { code, message, hint, details, cause } = failure
  return new PromptctlError(code, message, { hint: hint === undefined ? kept : `${kept} ${hint}`, details, cause })
}

/** An editor's setting is a command line, `code --wait`: the shell splits it, and the file is an argument of its own. */
function runEditor(editor: string, file: string): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' })
    const failed = (reason: string, cause?: unknown) =>
      fail(new PromptctlError('unavailable', `The editor ${editor} ${reason}, so nothing was changed`, { cause }))
    child.once('error', (error) => failed('could not be started', error))
    child.once('exit', (status) => (status === 0 ? done() : failed(`ended with status ${status}`)))
  })
}
