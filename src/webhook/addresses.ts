/** Where webhooks may go. What is decided here about an address holds for the one that is connected to. */

/** An endpoint that may be called, or the reason why not. */
export type Target = Allowed | { readonly refusal: string }

export interface Allowed {
  /** As connected to: without the brackets of IPv6. */
  readonly hostname: string
  /** True when the environment names the host: then it may have any address, and speak http. */
  readonly isTrusted: boolean
}

/**
 * Looks at a URL before anything is resolved or sent. `allowHosts` is PROMPTCTL_WEBHOOK_ALLOW_HOSTS: names or addresses
 * with commas between them, each with a port or without.
 */
export function checkTarget(url: URL, allowHosts: string | undefined): Target {
  const hostname = bareHost(url)
  const isTrusted = parseHosts(allowHosts).some((host) => host.hostname === hostname && isPort(host.port, url))
  if (isTrusted) return { hostname, isTrusted }
  if (url.protocol !== 'https:') return { refusal: `${url.protocol}// is not allowed, only https` }
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return { refusal: `${hostname} is this machine` }
  if (isAddress(hostname) && !isPublicAddress(hostname)) return { refusal: refuseAddress(hostname) }
  return { hostname, isTrusted }
}

export const refuseAddress = (address: string): string => `${address} is not a public address`

/** `localhost.` and `LOCALHOST` are one host, and so are `0x7f.1` and `127.0.0.1`: URL has spelled addresses out. */
const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')

const isPort = (port: string | undefined, url: URL): boolean =>
  port === undefined || port === (url.port || (url.protocol === 'https:' ? '443' : '80'))

function parseHosts(text = ''): readonly { hostname: string; port: string | undefined }[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .flatMap((entry) => {
      const isBareIpv6 = /^[0-9a-f:.]*:[0-9a-f.]*:[0-9a-f:.]*$/i.test(entry)
      const url = `http://${isBareIpv6 ? `[${entry}]` : entry}`
      if (entry === '' || !URL.canParse(url)) return []
      const port = isBareIpv6 ? undefined : /:([0-9]+)$/.exec(entry)?.[1]
      return [{ hostname: bareHost(new URL(url)), port: port === undefined ? undefined : String(Number(port)) }]
    })
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

/** True for what is an address, and no name. Names have no colon. */
const isAddress = (host: string): boolean => IPV4.test(host) || host.includes(':')

/** True for an address in the public internet; false also for what is no address at all. */
export function isPublicAddress(address: string): boolean {
  return IPV4.test(address) ? isPublicIpv4(address) : isPublicIpv6(address)
}

/** What https://www.iana.org/assignments/iana-ipv4-special-registry says is not globally reachable, and multicast. */
const PRIVATE_IPV4: readonly (readonly [address: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]

function isPublicIpv4(address: string): boolean {
  const number = ipv4Number(address)
  if (number === undefined) return false
  return !PRIVATE_IPV4.some(([network, bits]) => number >>> (32 - bits) === (ipv4Number(network) ?? 0) >>> (32 - bits))
}

function ipv4Number(address: string): number | undefined {
  const bytes = (IPV4.exec(address) ?? []).slice(1).map(Number)
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** Within 2000::/3, the only space that is handed out, but special: Teredo and its kin, documentation, 6to4. */
const SPECIAL_IPV6 = [/^2001:(0|1?[0-9a-f]{1,2}):/, /^2001:db8:/, /^2002:/, /^3fff:/]

/** Outside of 2000::/3 is all that must not be called: loopback, link-local, unique local, mapped, NAT64, multicast. */
function isPublicIpv6(address: string): boolean {
  const url = `http://[${address}]`
  if (!URL.canParse(url)) return false
  // `2001:0:53aa::1`: no group but the last ones is left out, because the first is not 0.
  const spelled = new URL(url).hostname.slice(1, -1).replace('::', ':0:')
  return /^[23][0-9a-f]{3}:/.test(spelled) && !SPECIAL_IPV6.some((special) => special.test(spelled))
}
