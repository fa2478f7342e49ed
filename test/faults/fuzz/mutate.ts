/** Pieces that formats are made of, and what breaks them. */
const PIECES = [
  '{{',
  '}}',
  '{{{',
  '{{#a}}',
  '{{/a}}',
  '{{^',
  '{{=<% %>=}}',
  '{{>',
  '{{!',
  '{{&',
  '{{.}}',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  ':',
  ': ',
  '- ',
  '|\n',
  '>-\n',
  '&a ',
  '*a',
  '!!js/function ',
  '? ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '#',
  ',',
  '\t',
  '\n',
  '\r',
  '\0',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\u202e',
  '\u001b]0;x\u0007',
  '😀',
  '__proto__',
  'constructor',
  'null',
  'true',
  '012',
  '1e999',
  '-0',
  '~',
  '<<: ',
  '../',
  '..%2f',
  '%00',
  '@',
  '@9',
  '@-1',
  '@99999999999999999999',
  '::',
  '##[',
  '\\',
  '\\u',
  '\\x',
  '/',
  '//',
  '?',
  '=',
  '&',
  ';',
  ' ',
  '${',
  '${a:b}',
  '0'.repeat(40),
  'a'.repeat(300),
  '9'.repeat(25),
  '[['.repeat(40),
  '{{#a}}'.repeat(40),
  '{a: '.repeat(40),
]

/** A text that is a little, or very, unlike one of the corpus. Bytes need not be UTF-8 afterwards. */
export function mutate(corpus: readonly Buffer[], random: () => number): Buffer {
  const below = (end: number): number => Math.floor(random() * end)
  const choose = <T>(list: readonly T[], otherwise: T): T => list[below(list.length)] ?? otherwise
  const empty = Buffer.alloc(0)
  let bytes = choose(corpus, empty)
  for (let change = 1 + below(4); change > 0; change -= 1) {
    const at = below(bytes.length + 1)
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    const kind = below(7)
    if (kind === 0) bytes = Buffer.concat([before, Buffer.from(choose(PIECES, '')), after])
    else if (kind === 1) bytes = Buffer.concat([before, after.subarray(below(20))])
    else if (kind === 2) bytes = Buffer.concat([before, Buffer.from([below(256)]), after.subarray(1)])
    else if (kind === 3) bytes = Buffer.concat([before, after.subarray(0, below(40)), after])
    else if (kind === 4) bytes = Buffer.concat([before, choose(corpus, empty).subarray(at)])
    else if (kind === 5) bytes = Buffer.concat([before, Buffer.from(choose(PIECES, '').repeat(1 + below(200))), after])
    else bytes = before
  }
  return bytes
}
