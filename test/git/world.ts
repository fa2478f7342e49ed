import type { CommitResult, HistoryCommit, HistoryQuery, Oid, Repository } from '../../src/registry/ports.js'
import { createRepo, type ProcessEnv, type RepoOptions, type TestRepo } from '../helpers/repo.js'

/** One implementation of the Repository port, as the contract's tests open it. */
export interface Engine {
  readonly name: 'native' | 'embedded'
  open(dir: string, env: ProcessEnv): Promise<Repository>
}

/** What the tests of one describe block made, to be taken away after each. */
export interface World {
  /** A repository that goes away after the test. */
  repo(options?: RepoOptions): TestRepo
  open(repo: Pick<TestRepo, 'dir' | 'env'>): Promise<Repository>
  end(): Promise<void>
}

export function createWorld(engine: Engine): World {
  const repos: TestRepo[] = []
  const opened: Repository[] = []
  return {
    repo(options) {
      const repo = createRepo(options)
      repos.push(repo)
      return repo
    },
    async open(repo) {
      const repository = await engine.open(repo.dir, repo.env)
      opened.push(repository)
      return repository
    },
    async end() {
      await Promise.all(opened.splice(0).map((repository) => repository.close()))
      for (const repo of repos.splice(0)) repo.remove()
    },
  }
}

export const PROMPT = 'prompts/production/greet-3f8a2b1c.yaml'

export const bytes = (text: string): Uint8Array => Buffer.from(text)

/** A commit of `files` on top of where HEAD is, as a use case asks for it. */
export async function commitFiles(
  repository: Repository,
  files: Readonly<Record<string, string | Uint8Array>>,
  options: { message?: string; verify?: boolean; keepEdits?: readonly string[] } = {},
): Promise<CommitResult> {
  const { message = 'publish(production): greet', ...rest } = options
  return repository.commit({
    files: Object.entries(files).map(([path, content]) => ({ path, content: Buffer.from(content) })),
    message,
    expected: (await repository.head()).commit,
    verify: true,
    ...rest,
  })
}

export async function collectHistory(repository: Repository, query: HistoryQuery): Promise<readonly HistoryCommit[]> {
  const commits: HistoryCommit[] = []
  for await (const commit of repository.history(query)) commits.push(commit)
  return commits
}

export const oid = (text: string): Oid => text as Oid
