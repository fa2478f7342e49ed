// Runs promptctl as bin/promptctl.js does, and then writes code caches: those of all chunks that ran, so that what this
// run compiled is added, or only the missing ones, or nothing.
// Usage: run-and-save.cjs <folder of chunks> all|missing|nothing <word…>
const { openChunks } = require('../bin/chunks.js')

const [directory, save] = process.argv.splice(2, 2)
const chunks = openChunks(directory, process.argv[2])
chunks
  .load('start.cjs')
  .start(process)
  .then((status) => {
    if (save === 'all') chunks.saveAll()
    if (save === 'missing') chunks.save()
    process.exit(status)
  })
