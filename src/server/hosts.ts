import { HttpError } from './problem.js'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** True for an address that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)

/**
 * The names that the Host header may say: on a loopback address this machine's, so that no web page reaches the server under
 * a name of its own (DNS rebinding); and those of --allow-host. Undefined: any, where tokens guard all the same.
 */
export function allowedHosts(host: string, added: readonly string[]): ReadonlySet<string> | undefined {
  if (!isLoopback(host) && added.length === 0) return undefined
  return new Set([...LOOPBACK_NAMES, host, ...added].map(lowerCase))
}

const lowerCase = (text: string): string => text.toLowerCase()

/** Checks Host headers; the port does not count. Throws `forbidden`, as 403. */
export function createHostCheck(allowed: ReadonlySet<string> | undefined): (header: string | undefined) => void {
  let lastGood: string | undefined
  return (header) => {
    if (allowed === undefined || (header !== undefined && header === lastGood)) return
    const name = header?.replace(/:\d*$/, '').toLowerCase()
    if (name === undefined || !allowed.has(name)) {
      throw new HttpError(403, 'forbidden', 'This server does not answer under that Host; --allow-host adds one')
    }
    lastGood = header
  }
}
