import { describe, expect, it } from 'vitest'
import { expandPartials } from '../../src/core/expand.js'

const partials: Readonly<Record<string, string>> = {
  'tone-00000001': 'Be {{manner}}.\n',
  'outer-00000002': 'First\n  {{> tone-00000001}}\nLast',
  'other-00000003': '{{=<% %>=}}<% name %> and <%> tone-00000001 %>',
  'two-00000004': 'a\n\nb\n',
}
const expand = (text: string): string => expandPartials(text, (slug) => partials[slug] ?? '')

describe('partials in place', () => {
  it.each([
    ['a text without any is as it was', '{{=<% %>=}}<% a %>\r\n', '{{=<% %>=}}<% a %>\r\n'],
    ['inline', 'x {{> tone-00000001}} y', 'x Be {{manner}}.\n y'],
    ['alone on its line', 'x\n{{> tone-00000001}}\ny', 'x\nBe {{manner}}.\ny'],
    ['indented', 'x\n  {{> two-00000004}}\ny', 'x\n  a\n\n  b\ny'],
    ['in one another', '{{> outer-00000002}}', 'First\n  Be {{manner}}.\nLast'],
    ['with other delimiters', '[{{> other-00000003}}]', '[{{name}} and Be {{manner}}.\n]'],
    ['under other delimiters', '{{=<% %>=}}<%> tone-00000001 %><%# a %>b<%/ a %>', 'Be {{manner}}.\n{{#a}}b{{/a}}'],
    ['with $ in the text', '{{> tone-00000001}}$&', 'Be {{manner}}.\n$&'],
  ])('%s', (_, text, expected) => {
    expect(expand(text)).toBe(expected)
  })

  it('stops at 1 MiB when partials multiply', () => {
    const double = (slug: string): string => {
      const level = Number(slug.slice(-8))
      return level === 0 ? 'x'.repeat(100) : `{{> p-${String(level - 1).padStart(8, '0')}}}`.repeat(2)
    }
    expect(() => expandPartials('{{> p-00000030}}', double)).toThrow(/1 MiB/)
  })
})
