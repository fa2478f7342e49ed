// Parses every file of a folder with the yaml library, and nothing more. Usage: parse-files.mjs <folder>
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const folder = process.argv[2]
for (const name of readdirSync(folder)) parse(readFileSync(join(folder, name), 'utf8'))
