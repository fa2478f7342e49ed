import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Files and folders, relative to the root, that a build is made of. */
const INPUTS = ['src', 'schemas', 'build', 'package-lock.json', 'package.json', 'tsconfig.build.json', 'tsconfig.json']

const filesBelow = (root, path) => {
  const found = statSync(join(root, path), { throwIfNoEntry: false })
  if (found === undefined) return []
  return found.isFile() ? [path] : readdirSync(join(root, path)).flatMap((name) => filesBelow(root, `${path}/${name}`))
}

/** A digest over all that a build is made of. src/generated is made by the build, so it does not count. */
export function digestInputs(root) {
  const hash = createHash('sha256')
  for (const path of INPUTS.flatMap((input) => filesBelow(root, input)).sort()) {
    if (!path.startsWith('src/generated/'))
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(root, path)))
        .update('\0')
  }
  return hash.digest('hex')
}
