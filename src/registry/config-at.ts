import { type Config, parseConfig } from '../core/config.js'
import { CONFIG_FILE } from '../core/paths.js'
import { readFileAt } from './file-at.js'
import type { Oid, Repository } from './ports.js'

/** The configuration that a commit holds below `prefix`; undefined where it has none. Throws `invalid_config`. */
export async function readConfigAt(
  repository: Repository,
  commit: Oid,
  prefix: string,
  defaultName: string,
): Promise<Config | undefined> {
  const path = `${prefix}${CONFIG_FILE}`
  const file = await readFileAt(repository, commit, path)
  return file === undefined ? undefined : parseConfig(file.bytes, path, { defaultName })
}
