import type { FastifyInstance } from 'fastify'
import { HttpError } from './problem.js'

/** The deepest a body may nest: somewhat more than a prompt file may. */
const MAX_DEPTH = 40

/** Bodies are JSON, where fastify reads plain text too; no body at all is none, also under the type of one. */
export function acceptEmptyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else parse(request, String(body), done)
  })
}

/**
 * Takes JSON and nothing else, so that no form of a web page changes anything: 415 for another type, and for none. An
 * empty body stands for `{}`.
 */
export function acceptJsonAlone(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body)
    if (text.trim() === '') return done(null, {})
    if (isDeep(text)) return done(new HttpError(400, 'usage', `The body nests deeper than ${MAX_DEPTH} levels`))
    parse(request, text, (error: Error | null, value?: unknown) => {
      if (error === null && !isHeld(value)) {
        return done(
          new HttpError(400, 'usage', 'The body holds half of a surrogate pair or a number that is too large'),
        )
      }
      done(error, value)
    })
  })
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    if (request.headers['content-type'] === undefined) {
      return done(new HttpError(415, 'usage', 'A write takes a body of the type application/json'))
    }
    done()
  })
}

const LONE_SURROGATE = /[\ud800-\udfff]/u

/** Whether a file can hold it: `1e999` is read as Infinity, and an escape may be half of a character. */
function isHeld(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'string') return !LONE_SURROGATE.test(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => isHeld(key) && isHeld(inner))
}

/** Whether brackets outside of strings nest too deep; asked of the text, because what is parsed is walked recursively. */
function isDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (inString) {
      if (character === '\\') at += 1
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') depth -= 1
    if (depth > MAX_DEPTH) return true
  }
  return false
}
