import { PromptctlError } from '../core/errors.js'

/** A write is meant for a branch whose files are not in the work tree. */
export const otherBranch = (current: string, wanted: string): PromptctlError =>
  new PromptctlError('unsupported', `The work tree is on ${current}, so nothing can be committed to ${wanted}`, {
    hint: `git switch ${wanted} goes there.`,
    details: { branch: current, wanted },
  })
