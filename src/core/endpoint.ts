/** A webhook's URL: what of it is called, what may be shown, and what is secret. */

/** Who calls, as `https://user:password@host/` says; both decoded. */
interface Credentials {
  readonly username: string
  readonly password: string
}

/**
 * Without user, password and fragment: what is called, and an endpoint's identity, so that a new password keeps the ids of
 * its events. A copy, because a path that is read again may name a host: `//10.0.0.1/` is one.
 */
export function endpointUrl(url: URL): URL {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  bare.hash = ''
  return bare
}

/** An endpoint as it may be shown: origin and path, without user, password and query, which may hold secrets. */
export function displayEndpoint(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

/** Undefined for a URL whose user or password no encoding makes, such as `https://%zz@host/`. */
export function parseCredentials({ username, password }: URL): Credentials | undefined {
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) }
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
