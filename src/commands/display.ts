import { formatAgo } from '../core/time.js'
import type { Style } from './command.js'

/** A slug with its random suffix dimmed, so that the eye finds the words. */
export const displayName = (slug: string, style: Style): string =>
  slug.length > 9 ? `${slug.slice(0, -9)}${style.dim(slug.slice(-9))}` : slug

/** `v7`, or `-` where there is none. */
export const displayVersion = (version: number | null): string => (version === null ? '-' : `v${version}`)

/** On a terminal how long ago, in a pipe the date itself. `date` is RFC 3339. */
export const displayDate = (date: string, style: Style): string =>
  style.isTerminal ? formatAgo(Date.parse(date) / 1000, style.now) : date
