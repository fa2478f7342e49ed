import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { bundle } from '../helpers/bundle.js'
import { createRepo } from '../helpers/repo.js'

it('a repository that is closed while it reads keeps the process alive until it is closed', async () => {
  const repo = createRepo()
  repo.write('a.txt', 'a\n')
  repo.git('add', '-A')
  repo.commit('first')
  const blob = repo.git('rev-parse', 'HEAD:a.txt').trim()
  const { program, remove } = await bundle('test/git/closing-worker.ts')
  for (let round = 0; round < 10; round += 1) {
    const { stdout, status } = spawnSync(process.execPath, [program, repo.dir, blob], {
      env: repo.env,
      encoding: 'utf8',
    })
    expect([stdout, status], `round ${round}`).toEqual(['closed\n', 0])
  }
  remove()
  repo.remove()
})
