/** Hints name commands and their options; whoever asks over HTTP has routes and the fields of a body. */

const COMMAND =
  /promptctl (publish|promote|archive|rollback|log|diff|eval) ([a-z0-9-]+)((?: \d+)*)((?: --(?:env|to|from) [a-z0-9-]+| --[a-z-]+)*)/g
const LISTS = /promptctl (?:list|status)\b/g
const OPTION = /--(restore|again|overwrite|with-partials|publish|env|from)\b/g

/** `promptctl promote a --to production --again` is `POST /api/v1/templates/a/promote with {"to":"production","again":true}`. */
export const formatHint = (hint: string): string =>
  hint
    .replace(COMMAND, (_, verb: string, slug: string, numbers: string, options: string) =>
      formatRequest(verb, slug, numbers.trim(), options),
    )
    .replace(LISTS, `GET ${TEMPLATES}`)
    .replace(OPTION, (_, option: string) => {
      const [name, value] = fieldOf(option)
      return value === undefined ? `"${name}"` : `"${name}": ${value}`
    })

const TEMPLATES = '/api/v1/templates'

function formatRequest(verb: string, slug: string, number: string, options: string): string {
  if (verb === 'log' || verb === 'diff') return `GET ${TEMPLATES}/${slug}/versions`
  if (verb === 'eval') return `POST ${TEMPLATES}/${slug}/quick-evaluate`
  const fields = [...options.matchAll(/--([a-z-]+)(?: ([a-z0-9-]+))?/g)].map(([, option = '', text]) => {
    const [name, value] = fieldOf(option)
    return [name, text ?? value]
  })
  const body = fields.length === 0 ? '' : ` with ${JSON.stringify(Object.fromEntries(fields))}`
  return `POST ${TEMPLATES}/${slug}/${verb}${verb === 'rollback' ? `/${number || '{n}'}` : ''}${body}`
}

/** The field of a body that an option is, and its value where it takes none. */
const fieldOf = (option: string): readonly [name: string, value: true | undefined] =>
  option === 'env'
    ? ['environment', undefined]
    : [option.replaceAll('-', '_'), option === 'from' || option === 'to' ? undefined : true]
