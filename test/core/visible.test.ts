import { describe, expect, it } from 'vitest'
import { displayWidth, truncate, visibleLine, visibleText } from '../../src/core/visible.js'

describe('visibleText [case 50]', () => {
  it.each([
    ['plain text\n\twith é, 小红书 and 🚀\n', 'plain text\n\twith é, 小红书 and 🚀\n'],
    ['\x1b]0;title\x07', '␛]0;title␇'],
    ['\x1b]8;;http://x\x1b\\link', '␛]8;;http://x␛\\link'],
    ['\x1b]52;c;aGk=\x07', '␛]52;c;aGk=␇'],
    ['over\rwritten\r\n', 'over␍written␍\n'],
    ['\0\x08\x0b\x0c\x7f', '␀␈␋␌␡'],
    ['\x9b31m\x85', '<U+009B>31m<U+0085>'],
    ['a\u202eb\u202cc\u2066d\u2069', 'a<U+202E>b<U+202C>c<U+2066>d<U+2069>'],
    ['\u200e\u200f\u061c', '<U+200E><U+200F><U+061C>'],
    ['\u2028\u2029', '<U+2028><U+2029>'],
    ['a\u200bb\ufeffc\u2060', 'a<U+200B>b<U+FEFF>c<U+2060>'],
    ['x\u{e0041}', 'x<U+E0041>'],
    ['\ud800x\udc00', '<U+D800>x<U+DC00>'],
    ['👩‍💻', '👩‍💻'],
    ['❤️‍🔥', '❤️‍🔥'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['क्\u200dष', 'क्\u200dष'],
    ['a\u200db', 'a<U+200D>b'],
  ])('%j', (text, visible) => {
    expect(visibleText(text)).toBe(visible)
  })

  it('leaves nothing for a terminal to obey', () => {
    let all = ''
    for (let code = 0; code < 0x11_0000; code += code < 0x3000 ? 1 : 97) all += String.fromCodePoint(code)
    expect(visibleText(all)).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
  })
})

describe('visibleLine', () => {
  it('shows newlines and tabs', () => {
    expect(visibleLine('a\n\tb\r\n')).toBe('a␊␉b␍␊')
    expect(visibleLine('plain')).toBe('plain')
  })
})

describe('displayWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['小红书', 6],
    ['ｗide', 5],
    ['한국어', 6],
    ['🚀', 2],
    ['👩‍💻', 2],
    ['🇹🇷', 2],
    ['❤️', 2],
    ['©', 1],
    ['…', 1],
    ['␛', 1],
    ['\u0301', 0],
  ])('%j is %i', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })
})

describe('truncate', () => {
  it.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['小红书', 6, '小红书'],
    ['小红书', 5, '小红…'],
    ['小红书', 4, '小…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['👩‍💻👩‍💻', 3, '👩‍💻…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('%j in %i', (text, width, cut) => {
    expect(truncate(text, width)).toBe(cut)
  })
})
