// Builds the ledger of the registry in the current folder, and nothing that stands on it: no version is read.
// Usage: build-ledger.mjs <folder with the bundled library>
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const load = (name) => import(pathToFileURL(join(process.argv[2], `${name}.js`)).href)
const [{ openRegistry }, { requireTip }, { createQuery }, { readAllRows }] = await Promise.all(
  ['open', 'branches', 'history', 'ledger'].map(load),
)
const registry = await openRegistry({ directory: process.cwd(), env: process.env, now: Date.now })
try {
  const rows = await readAllRows(await registry.git(), await createQuery(registry, await requireTip(registry)))
  if (rows.size === 0) throw new Error('the ledger is empty')
} finally {
  await registry.close()
}
