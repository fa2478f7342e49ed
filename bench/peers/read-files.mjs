// Reads every file of a folder, and nothing more. Usage: read-files.mjs <folder>
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2]
for (const name of readdirSync(folder)) readFileSync(join(folder, name))
