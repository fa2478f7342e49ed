import { defineConfig } from 'vitest/config'

/** The tests that start bin/promptctl.js as a process. They alone wait for a build. */
const OF_THE_BINARY = ['test/bin.test.ts', 'test/hook.test.ts', 'test/readme.test.ts', 'test/**/*.binary.test.ts']

/** Kills, failing disks, races and random histories: test/faults/budget.ts says for how long. */
const FAULTS = ['test/faults/**/*.test.ts']

// Tests start git and promptctl: what takes 50 ms alone takes seconds on a busy machine. These limits are for what hangs.
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 20_000 } } }

export default defineConfig({
  test: {
    // Most of the time goes into git, in processes of its own: every core is of use.
    maxWorkers: '100%',
    projects: [
      { test: { name: 'source', include: ['test/**/*.test.ts'], exclude: [...OF_THE_BINARY, ...FAULTS], ...timeouts } },
      { test: { name: 'binary', include: OF_THE_BINARY, globalSetup: ['test/built.setup.ts'], ...timeouts } },
      { test: { name: 'faults', include: FAULTS, globalSetup: ['test/built.setup.ts'], ...timeouts } },
    ],
  },
})
