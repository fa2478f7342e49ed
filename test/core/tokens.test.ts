import { describe, expect, it } from 'vitest'
import {
  findToken,
  formatTokenLine,
  hashToken,
  isAllowed,
  parseScope,
  parseTokenName,
  parseTokens,
} from '../../src/core/tokens.js'

const HASH = `sha256:${'0'.repeat(63)}1`

describe('the file of tokens', () => {
  it('has a line for each, and comments', () => {
    const text = `# who\n\nci ${HASH} read:production,write:*\r\n  ops ${HASH.replace(/1$/, '2')} read:*  \n`
    const tokens = parseTokens(text, 'tokens')
    expect(tokens.map(({ name, scopes }) => [name, scopes])).toEqual([
      ['ci', [parseScope('read:production'), parseScope('write:*')]],
      ['ops', [parseScope('read:*')]],
    ])
    expect(parseTokens(tokens.map(formatTokenLine).join('\n'), 'tokens')).toEqual(tokens)
  })

  it.each([
    ['no hash', 'ci read:production'],
    ['the token in place of its hash', 'ci pctl_my-own-secret read:production'],
    ['half a hash', 'ci sha256:12 read:production'],
    ['no scope', `ci ${HASH}`],
    ['a scope of nothing', `ci ${HASH} read:`],
    ['a scope that there is not', `ci ${HASH} admin:production`],
    ['an environment that cannot be', `ci ${HASH} read:Production`],
    ['a space between scopes', `ci ${HASH} read:a, read:b`],
    ['a name with a quote', `"ci" ${HASH} read:a`],
    ['the same name again', `ci ${HASH} read:a\nci ${HASH.replace(/1$/, '2')} read:a`],
    ['the same hash again', `ci ${HASH} read:a\nops ${HASH} read:a`],
  ])('refuses %s by its line, without quoting it', (_, text) => {
    const line = text.split('\n').length + 1
    let message = ''
    try {
      parseTokens(`# comment\n${text}\n`, 'tokens')
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toContain(`tokens:${line} `)
    expect(message).not.toContain('my-own-secret')
  })

  it('finds a token by its hash, and no other', () => {
    const tokens = parseTokens(
      formatTokenLine({ name: 'ci', hash: hashToken('right'), scopes: [parseScope('read:a')] }),
      'tokens',
    )
    expect(findToken(tokens, 'right')?.name).toBe('ci')
    for (const wrong of ['wrong', '', 'right ', '__proto__']) expect(findToken(tokens, wrong)).toBeUndefined()
  })

  it('allows what a scope says', () => {
    const scopes = [parseScope('read:*'), parseScope('write:staging')]
    expect(isAllowed(scopes, 'read', 'production' as never)).toBe(true)
    expect(isAllowed(scopes, 'write', 'staging' as never)).toBe(true)
    expect(isAllowed(scopes, 'write', 'production' as never)).toBe(false)
  })

  it.each(['', 'read', 'read:', 'read:a:b', 'READ:a', 'read:A', 'admin:a', 'read:../a'])(
    'refuses the scope %j',
    (text) => {
      expect(() => parseScope(text)).toThrow(/scope|environment/)
    },
  )

  it.each(['', 'a b', '-a', 'a"b', 'x'.repeat(65), 'a\nb'])('refuses the name %j', (text) => {
    expect(() => parseTokenName(text)).toThrow(/name/)
  })
})
