import type { Action, VersionState } from '../core/ledger.js'
import type { Style } from './command.js'

/** An action in its colour: green for what goes live, yellow for what goes back, red for what is broken. */
export function paintAction(action: Action, style: Style): string {
  const word = action.replace('_', ' ')
  switch (action) {
    case 'published':
    case 'promoted':
      return style.green(word)
    case 'rolled_back':
    case 'archived':
      return style.yellow(word)
    case 'broken':
    case 'deleted':
      return style.red(word)
    case 'created':
    case 'edited':
      return style.blue(word)
  }
}

/** A state in its colour. */
export function paintState(state: VersionState, style: Style): string {
  switch (state) {
    case 'published':
      return style.green(state)
    case 'draft':
      return style.blue(state)
    case 'archived':
      return style.dim(state)
    case 'invalid':
    case 'deleted':
      return style.red(state)
  }
}
