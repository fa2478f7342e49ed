import type { Identity } from '../registry/ports.js'

/** The committer of what is made in somebody's name where git is configured for nobody: no such address can exist. */
export const OURSELVES: Identity = { name: 'promptctl', email: 'noreply@promptctl.invalid' }
