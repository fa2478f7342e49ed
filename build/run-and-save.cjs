// Runs promptctl as bin/promptctl.js does, and then adds what it compiled to the code caches of every chunk.
// Usage: run-and-save.cjs <folder of chunks> <word…>
const { openChunks } = require('../bin/chunks.js')

const chunks = openChunks(process.argv[2])
process.argv.splice(2, 1)
chunks
  .load('start.cjs')
  .start(process)
  .then((status) => {
    chunks.saveAll()
    process.exit(status)
  })
