import { describe, expect, it } from 'vitest'
import { differingEntries, findInTree, parseTree } from '../../src/git/native/object-format.js'

const ID_LENGTH = 20

/** A tree of files whose ids are full of `fill`, which may look like a space or an end. */
const tree = (...files: readonly (readonly [name: string, fill: number])[]) => {
  const content = Buffer.concat(
    files.map(([name, fill]) =>
      Buffer.concat([
        Buffer.from(`${name.endsWith('/') ? '40000' : '100644'} ${name.replace('/', '')}\0`),
        Buffer.alloc(ID_LENGTH, fill),
      ]),
    ),
  )
  return { oid: '', type: 'tree', content }
}

const FILES = [
  ['100644 b', 0x20],
  ['a b', 0],
  ['b', 0x20],
  ['bb', 0x62],
  ['folder/', 0],
  ['é', 0x20],
] as const

const ANY = tree(...FILES)
const namesOf = (entries: readonly { readonly name: string }[]) => entries.map(({ name }) => name)

describe('findInTree', () => {
  it('finds what parseTree holds, whatever names and ids look like', () => {
    for (const entry of parseTree(ANY.content, ID_LENGTH)) expect(findInTree(ANY, ID_LENGTH, entry.name)).toEqual(entry)
    for (const name of ['', ' ', 'a', '100644', ' b', 'folder/'])
      expect(findInTree(ANY, ID_LENGTH, name)).toBeUndefined()
  })
})

describe('differingEntries', () => {
  it.each([
    ['nothing', FILES, [], []],
    ['one edited', FILES.map(([name, fill]) => [name, name === 'b' ? 7 : fill] as const), ['b'], ['b']],
    ['one removed', FILES.filter(([name]) => name !== 'b'), ['b'], []],
    ['one added', [...FILES.slice(0, 4), ['c', 9] as const, ...FILES.slice(4)], [], ['c']],
    ['the last removed', FILES.slice(0, -1), ['é'], []],
    ['all removed', [], namesOf(parseTree(ANY.content, ID_LENGTH)), []],
    [
      'two edited',
      FILES.map(([name, fill]) => [name, /^b+$/.test(name) ? 7 : fill] as const),
      ['b', 'bb'],
      ['b', 'bb'],
    ],
  ] as const)('tells %s', (_, files, before, after) => {
    const [old, young] = differingEntries(ANY, tree(...files), ID_LENGTH)
    expect(namesOf(old)).toEqual(expect.arrayContaining([...before]))
    expect(namesOf(young)).toEqual(expect.arrayContaining([...after]))
    const unchanged = new Set(young.map((entry) => JSON.stringify(entry)))
    const changed = old.filter((entry) => !unchanged.has(JSON.stringify(entry)))
    expect(namesOf(changed)).toEqual(before)
  })
})
