/**
 * Paths inside trees and indexes are bytes. Here they are strings with one character a byte, so that `<` is git's
 * order and a name that is not UTF-8 survives.
 */
export type BytePath = string & { readonly __brand: 'BytePath' }

const ASCII = /^[\0-\x7f]*$/

export const toBytePath = (path: string): BytePath =>
  (ASCII.test(path) ? path : Buffer.from(path, 'utf8').toString('latin1')) as BytePath

export const fromBytePath = (path: string): string =>
  ASCII.test(path) ? path : Buffer.from(path, 'latin1').toString('utf8')

/** True when `path` is `dir` or below it; everything is below `''`. */
export const isWithin = (path: string, dir: string): boolean => dir === '' || path === dir || path.startsWith(`${dir}/`)
