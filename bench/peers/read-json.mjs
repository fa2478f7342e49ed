// Reads and parses the JSON files of a folder. Usage: read-json.mjs <folder>
import { readdirSync, readFileSync } from 'node:fs'

const folder = process.argv[2]
let count = 0
for (const name of readdirSync(folder)) count += JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')).length
if (count === 0) throw new Error(`there is nothing in ${folder}`)
