import { PromptctlError } from '../errors.js'
import { setValues } from '../prompt-writer.js'
import { type Change, createChange, illegalTransition, type Standing } from './change.js'

/** Decides what archiving changes. Throws `illegal_transition` when it is archived already, `not_found` when there is no file. */
export function planArchive(standing: Standing): Change {
  const { slug, environment, head } = standing
  if (head === undefined) {
    throw new PromptctlError('not_found', `${slug} is not in ${environment}`, {
      hint: 'promptctl status shows where it is.',
    })
  }
  if (head.prompt.state === 'archived') {
    throw illegalTransition(
      standing,
      `${slug} is archived in ${environment} already`,
      `To bring it back: promptctl rollback ${slug} --env ${environment} --restore`,
    )
  }
  return createChange(standing, head, {
    action: 'archived',
    state: 'archived',
    content: setValues(head.source, { state: 'archived' }),
  })
}
