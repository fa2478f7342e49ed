import { defineConfig } from 'vitest/config'

/** The tests that start bin/promptctl.js as a process. They alone wait for a build. */
const OF_THE_BINARY = ['test/bin.test.ts', 'test/hook.test.ts', 'test/readme.test.ts', 'test/**/*.binary.test.ts']

// Tests start git and promptctl: what takes 50 ms alone takes seconds on a busy machine.
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'source', include: ['test/**/*.test.ts'], exclude: OF_THE_BINARY, ...timeouts } },
      { test: { name: 'binary', include: OF_THE_BINARY, globalSetup: ['test/built.setup.ts'], ...timeouts } },
    ],
  },
})
