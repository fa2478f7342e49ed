import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type CliError, promptctl } from '../../helpers/cli.js'
import type { LogEntry, TestRegistry } from '../../helpers/registry.js'
import { CommandsModel, type Outcome } from './commands-model.js'
import { ENVIRONMENTS, type Env, type File, pathOf, RegistryModel } from './registry-model.js'
import type { Step } from './steps.js'

/** One history on a real registry and in the model, and the shell script that does the same. */
export class Walk {
  readonly script: string[] = []
  readonly #registry: TestRegistry
  readonly #model = new RegistryModel()
  readonly #commands = new CommandsModel(this.#model)
  readonly #slugs: string[] = []
  #texts = 0

  constructor(registry: TestRegistry) {
    this.#registry = registry
  }

  async begin(): Promise<void> {
    await this.#create(false)
    await this.#publish(this.#slugs[0] ?? '', 'development', false, false)
  }

  /** Does a step on both sides, and compares everything that can be asked. */
  async take(step: Step): Promise<void> {
    const slug = this.#slugs[step.prompt % this.#slugs.length] ?? ''
    const env = ENVIRONMENTS[step.env] ?? 'development'
    await this.#do(step, slug, env)
    await this.#compare(slug, ENVIRONMENTS[step.other] ?? 'development')
  }

  /** Without a cache each prompt is looked for alone, with the ledger all are known: both say the same, of both engines. */
  async finish(): Promise<void> {
    const { repo } = this.#registry
    const commits = repo.git('rev-list', '--first-parent', '--reverse', 'HEAD').split('\n')
    for (const isEmbedded of [false, true]) {
      rmSync(join(repo.dir, '.git/promptctl'), { recursive: true, force: true })
      await this.#compareLogs(commits, isEmbedded)
      expect((await promptctl(this.#place(isEmbedded), 'log')).exit).toBe(0)
      await this.#compareLogs(commits, isEmbedded)
    }
  }

  async #do(step: Step, slug: string, env: Env): Promise<void> {
    const { kind, flag, more, isEmbedded } = step
    if (kind === 'new') return this.#create(isEmbedded)
    if (kind === 'edit') return this.#edit(slug, flag ? env : 'development', more, isEmbedded)
    if (kind === 'publish') return this.#publish(slug, env, flag, isEmbedded)
    if (kind === 'promote') return this.#promote(slug, step)
    if (kind === 'archive') {
      return this.#run(isEmbedded, ['archive', this.#word(slug), '--env', env], () => this.#commands.archive(slug, env))
    }
    if (kind === 'rollback') return this.#rollback(slug, env, step)
    if (kind === 'rewind') return this.#rewind(env, step)
    return this.#doPlainly(step, slug, env)
  }

  async #create(isEmbedded: boolean): Promise<void> {
    if (this.#slugs.length === 3) return
    const title = `Prompt ${this.#slugs.length + 1}`
    const template = this.#nextText()
    const name = `s${this.#slugs.length + 1}`
    this.script.push(
      `${name}=$(echo 'Text ${template} of {{name}}' | promptctl new '${title}' --template-file - --json | sed -E 's/.*"slug":"([^"]+)".*/\\1/')`,
    )
    const place = this.#place(isEmbedded, `Text ${template} of {{name}}\n`)
    const made = await promptctl(place, 'new', title, '--template-file', '-', '--json')
    const { slug } = made.json<{ slug: string }>()
    this.#slugs.push(slug)
    const file: File = { slug, env: 'development', state: 'draft', title, template, seal: null, at: null }
    this.#model.commit(new Map([[pathOf(slug, 'development'), file]]))
  }

  #edit(slug: string, env: Env, publish: boolean, isEmbedded: boolean): Promise<void> {
    const text = this.#nextText()
    const isTitle = text.endsWith('3')
    const what = isTitle ? ['--set', `title=Title ${text}`] : ['--template-file', '-']
    const words = ['edit', this.#word(slug), '--env', env, ...what, ...(publish ? ['--publish'] : [])]
    const change = isTitle ? { title: `Title ${text}` } : { template: text }
    const decide = (at: string) => this.#commands.edit(slug, env, change, publish, at)
    return this.#run(isEmbedded, words, decide, isTitle ? undefined : `Text ${text} of {{name}}\n`)
  }

  #publish(slug: string, env: Env, restore: boolean, isEmbedded: boolean): Promise<void> {
    const words = ['publish', this.#word(slug), '--env', env, ...(restore ? ['--restore'] : [])]
    return this.#run(isEmbedded, words, (at) => this.#commands.publish(slug, env, restore, at))
  }

  #promote(slug: string, { env, other, flag, more, number, isEmbedded }: Step): Promise<void> {
    // Mostly to the next one; sometimes backwards.
    const to = ENVIRONMENTS[number === 0 ? Math.min(env, 1) : 1 + (env % 2)] ?? 'staging'
    const before = ENVIRONMENTS[ENVIRONMENTS.indexOf(to) - 1]
    const from =
      number === 0 || before === undefined ? (ENVIRONMENTS[ENVIRONMENTS.indexOf(to) + 1] ?? 'production') : before
    const options = { overwrite: flag, again: more, restore: other === 0 }
    const flags = Object.entries(options).flatMap(([name, isSet]) => (isSet ? [`--${name}`] : []))
    const words = ['promote', this.#word(slug), '--from', from, '--to', to, ...flags]
    return this.#run(isEmbedded, words, (at) => this.#commands.promote(slug, { from, to }, options, at))
  }

  #rollback(slug: string, env: Env, { number, flag, more, isEmbedded }: Step): Promise<void> {
    const n = more ? number + 1 : undefined
    const words = ['rollback', this.#word(slug), ...(n === undefined ? [] : [String(n)]), '--env', env]
    if (flag) words.push('--restore')
    return this.#run(isEmbedded, words, () => this.#commands.rollback(slug, env, n, flag))
  }

  #rewind(env: Env, { number, isEmbedded }: Step): Promise<void> {
    const back = Math.min(number, this.#model.chain.length - 1)
    const then = this.#model.chain.slice(0, this.#model.chain.length - back)
    const commit = this.#registry.repo.git('rev-parse', `HEAD~${back}`)
    const words = ['rollback', '--env', env, '--to', commit]
    const shown = `promptctl rollback --env ${env} --to $(git rev-parse HEAD~${back})`
    return this.#run(isEmbedded, words, () => this.#commands.rewind(this.#slugs, env, then), undefined, shown)
  }

  /** What people do without us; nothing where there is nothing to do it to. */
  async #doPlainly({ kind, other, number, flag, isEmbedded }: Step, slug: string, env: Env): Promise<void> {
    const path = pathOf(slug, env)
    const file = this.#model.head.get(path)
    const target = ENVIRONMENTS[other] ?? 'development'
    if (kind === 'noise') return this.#commitPlainly('echo $RANDOM$RANDOM > notes.txt', new Map())
    if (kind === 'revert') return this.#revert()
    if (kind === 'reset') return this.#reset()
    if (file === undefined) return
    if (kind === 'delete') return this.#commitPlainly(`git rm -q ${this.#shown(path)}`, new Map([[path, undefined]]))
    if (kind === 'garbage') {
      const garbage = this.#nextText()
      const change = new Map([[path, { ...file, garbage }]])
      return this.#commitPlainly(`echo 'broken ${garbage}: [' > ${this.#shown(path)}`, change)
    }
    if (kind === 'copy' || kind === 'move') return target === env ? undefined : this.#carry(kind, file, path, target)
    if (file.garbage !== undefined) return
    if (kind === 'work') return this.#publishEdited(file, path, env, flag, isEmbedded)
    if (kind === 'hand') {
      const template = this.#nextText()
      return this.#commitPlainly(this.#rewrite(path, template), new Map([[path, { ...file, template }]]))
    }
    if (kind === 'branch') return this.#branch(file, path, number)
  }

  #carry(kind: 'copy' | 'move', file: File, path: string, target: Env): void {
    const to = pathOf(file.slug, target)
    const folder = `mkdir -p prompts/${target}`
    const [from, into] = [this.#shown(path), this.#shown(to)]
    if (kind === 'move') {
      const moved = new Map([
        [path, undefined],
        [to, file],
      ])
      this.#commitPlainly(`${folder} && git mv -f ${from} ${into}`, moved)
      return
    }
    const change = file.garbage === undefined ? { ...file, env: target } : file
    if (JSON.stringify(this.#model.head.get(to)) === JSON.stringify(change)) return
    this.#commitPlainly(
      `${folder} && sed 's/^environment: .*/environment: ${target}/' ${from} > ${into}`,
      new Map([[to, change]]),
    )
  }

  async #publishEdited(file: File, path: string, env: Env, restore: boolean, isEmbedded: boolean): Promise<void> {
    const template = this.#nextText()
    this.#shell(this.#rewrite(path, template))
    const words = ['publish', this.#word(file.slug), '--env', env, ...(restore ? ['--restore'] : [])]
    const edited = { ...file, template }
    await this.#run(isEmbedded, words, (at) => this.#commands.publish(file.slug, env, restore, at, edited))
    this.#shell('git checkout -q -- .')
  }

  #branch(file: File, path: string, number: number): void {
    const texts = Array.from({ length: 1 + (number % 2) }, () => this.#nextText())
    const edits = texts.map((text) => `${this.#rewrite(path, text)} && git commit -qam 'side ${text}'`)
    const ends = [
      'git merge -q --no-ff -m merge side',
      'git merge -q --squash side && git commit -qm squash',
      'git merge -q --ff-only side',
    ]
    const end = number % 3
    this.#shell(
      ['git switch -q -c side', ...edits, 'git switch -q main', ends[end], 'git branch -q -D side'].join(' && '),
    )
    const kept = end === 2 ? texts : texts.slice(-1)
    for (const template of kept) this.#model.commit(new Map([[path, { ...file, template }]]))
  }

  #revert(): void {
    const before = this.#model.chain.at(-2)
    if (before === undefined) return
    this.#shell('git revert --no-edit $(git rev-parse -q --verify HEAD^2 >/dev/null && echo -m 1) HEAD')
    this.#model.chain.push(before)
  }

  #reset(): void {
    if (this.#model.chain.length === 1) return
    this.#shell('git reset -q --hard HEAD~1')
    this.#model.chain.pop()
  }

  #rewrite(path: string, text: string): string {
    return `sed -i 's/Text [0-9]*/Text ${text}/' ${this.#shown(path)}`
  }

  /** Every third such commit says that it is older than all others: nothing follows from dates. */
  #commitPlainly(line: string, changes: ReadonlyMap<string, File | undefined>): void {
    const date = this.#model.chain.length % 3 === 0 ? `GIT_COMMITTER_DATE='2001-01-01T00:00:00Z' ` : ''
    this.#shell(`${line} && git add -A && ${date}git commit -qm plain`)
    this.#model.commit(changes)
  }

  /** Runs a command of ours, and holds what it did against what the model says that it does. */
  async #run(
    isEmbedded: boolean,
    words: readonly string[],
    decide: (at: string) => Outcome,
    stdin?: string,
    shown = `promptctl ${words.join(' ')}`,
  ): Promise<void> {
    const input = stdin === undefined ? '' : `echo '${stdin.trim()}' | `
    this.script.push(`${input}${isEmbedded ? 'PROMPTCTL_GIT=embedded ' : ''}${shown}`)
    const place = this.#place(isEmbedded, stdin)
    const argv = words.map((word) => word.replace(/^\$s(\d)$/, (_, index) => this.#slugs[Number(index) - 1] ?? ''))
    const result = await promptctl(place, ...argv, '--json')
    const expected = decide(new Date(place.now?.() ?? 0).toISOString())
    const code = result.exit === 0 ? 'ok' : (JSON.parse(result.stderr) as { error: CliError }).error.code
    const allowed = expected !== 'unchanged' && 'refused' in expected ? expected.refused : ['ok']
    expect(allowed, `${shown}: ${result.stderr}`).toContain(code)
    if (expected !== 'unchanged' && 'changes' in expected) this.#model.commit(expected.changes)
  }

  async #compare(slug: string, env: Env): Promise<void> {
    const { repo } = this.#registry
    const state = repo.git('status', '--porcelain')
    expect(state, 'the work tree').toBe('')
    const commits = repo.git('rev-list', '--first-parent', '--reverse', 'HEAD').split('\n')
    expect(commits.length, 'commits on the first-parent history').toBe(this.#model.chain.length)
    await this.#compareLogs(commits)
    const live = this.#model.live(slug, env)
    const served = live === undefined ? 'not_found' : `Text ${live.template} of Bo`
    expect((await this.#registry.served(slug, env)).trim(), `${slug} live in ${env}`).toBe(served)
  }

  async #compareLogs(commits: readonly string[], isEmbedded = false): Promise<void> {
    for (const slug of this.#slugs) await this.#compareLog(slug, commits, isEmbedded)
  }

  async #compareLog(slug: string, commits: readonly string[], isEmbedded: boolean): Promise<void> {
    const expected = this.#model.versions(slug).map(({ n, commit, env, action, state, live }) => {
      return `${n} ${commits[commit]?.slice(0, 10)} ${env} ${action} ${state}${live ? ' live' : ''}`
    })
    const result = await promptctl(this.#place(isEmbedded), 'log', slug, '--json')
    const entries = result.exit === 3 ? [] : result.json<LogEntry[]>()
    const actual = entries
      .map(({ version, commit, environment, action, state, live }) => {
        return `${version} ${commit.slice(0, 10)} ${environment} ${action} ${state}${live ? ' live' : ''}`
      })
      .reverse()
    expect(actual, `log ${slug}`).toEqual(expected)
  }

  #nextText = (): string => String(++this.#texts)

  #word = (slug: string): string => `$s${this.#slugs.indexOf(slug) + 1}`

  #shown(path: string): string {
    return this.#slugs.reduce((text, slug) => text.replace(slug, this.#word(slug)), path)
  }

  #place(isEmbedded: boolean, stdin?: string) {
    const more = {
      env: { PROMPTCTL_GIT: isEmbedded ? 'embedded' : 'native' },
      ...(stdin === undefined ? {} : { stdin }),
    }
    return this.#registry.place(more)
  }

  #shell(line: string): void {
    this.script.push(line)
    const slugs = Object.fromEntries(this.#slugs.map((slug, index) => [`s${index + 1}`, slug]))
    const { env } = this.#registry.place()
    execFileSync('bash', ['-c', line], { cwd: this.#registry.dir, env: { ...env, ...slugs }, stdio: 'pipe' })
  }
}
