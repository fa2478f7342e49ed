import { describe, expect, it } from 'vitest'
import { PromptctlError } from '../../src/core/errors.js'
import { createHealth } from '../../src/server/health.js'
import { createLog } from '../../src/server/log.js'

const locked = (seconds: number, path = '/srv/a.lock') =>
  new PromptctlError('unavailable', `Another git process holds ${path}, since ${seconds} s`, {
    details: { path, age_seconds: seconds },
  })

const setup = () => {
  let text = ''
  let counted = 0
  const log = createLog(
    (more) => {
      text += more
    },
    () => 0,
  )
  const health = createHealth(log, { failures: { inc: () => (counted += 1) } as never })
  const messages = () => {
    log.flush()
    return text.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { message: string }).message]))
  }
  return { health, messages, counted: () => counted }
}

describe('the health of a server', () => {
  it('logs a failure once, however old what it names has become, and counts each', () => {
    const { health, messages, counted } = setup()
    for (const seconds of [1, 12, 24]) health.failed('fetch', locked(seconds))
    expect([messages(), counted()]).toEqual([['fetch failed'], 3])
    health.failed('fetch', locked(30, '/srv/b.lock'))
    health.failed('fetch', new PromptctlError('conflict', 'They have parted'))
    health.failed('fetch', new TypeError('a bug'))
    health.failed('fetch', new TypeError('a bug'))
    expect(messages()).toHaveLength(4)
    expect(health.failing).toEqual(['fetch'])
    health.worked('fetch')
    health.failed('fetch', locked(1))
    expect(messages().slice(4)).toEqual(['fetch works again', 'fetch failed'])
  })
})
