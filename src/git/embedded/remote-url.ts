import type { Config } from './config.js'
import { refuse } from './refusals.js'

/** Settings of git's that change how a remote is reached, and that this engine would pass over. */
const UNSERVED = ['http.proxy', 'http.sslcainfo', 'http.sslcapath', 'http.sslcert', 'http.sslverify', 'core.gitproxy']
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/
/** What GitHub expects beside a token, and others take. */
const ANY_USER = 'x-access-token'

/**
 * Where a remote is, without user and password, and the user for the token. Throws `unsupported` for whatever is not
 * plain https (http on this machine alone): a token must not travel in the open.
 */
export function findHttpRemote(
  config: Config,
  remote: string,
  setting: 'url' | 'pushurl',
): { readonly url: string; readonly username: string } {
  const text = config.get(`remote.${remote}.${setting}`) ?? config.get(`remote.${remote}.url`) ?? ''
  const what = `reach ${remote}`
  if (!URL.canParse(text)) throw refuse(what, 'it is no https address (ssh and files take git itself)')
  const url = new URL(text)
  const isHttps = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (!isHttps) throw refuse(what, `its address begins with ${url.protocol}, and not with https:`)
  const rewritten = config.subsections('url').find((base) => isRewritten(config, base, text))
  if (rewritten !== undefined) throw refuse(what, 'its address is rewritten by url.*.insteadOf')
  const unserved = UNSERVED.find((key) => config.get(key) !== undefined)
  if (unserved !== undefined) throw refuse(what, `${unserved} is configured`, unserved)
  const username = decodeURIComponent(url.username) || ANY_USER
  url.username = ''
  url.password = ''
  return { url: url.href, username }
}

/** The address without its password: the token is in PROMPTCTL_GIT_TOKEN, and need not stand in a file. */
export function withoutPassword(text: string): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  url.password = ''
  return url.href
}

const isRewritten = (config: Config, base: string, text: string): boolean =>
  ['insteadof', 'pushinsteadof'].some((name) => {
    const prefix = config.get(`url.${base}.${name}`)
    return prefix !== undefined && text.startsWith(prefix)
  })
