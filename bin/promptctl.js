#!/usr/bin/env node
const { join } = require('node:path')
const { openChunks } = require('./chunks.js')

// Until the command has ended: a process that runs out of things to wait for before that has a bug, and no success.
process.exitCode = 70

const chunks = openChunks(join(__dirname, '../dist/cli'), process.argv[2])
chunks
  .load('start.cjs')
  .start(process)
  .then((status) => {
    chunks.save()
    // A finished command waits for no idle handle, and skipping Node's own teardown saves 3 ms.
    process.exit(status)
  })
