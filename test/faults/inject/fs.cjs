// Loaded into the promptctl process under test (node --require): makes the file operations on paths below FAULT_ROOT
// count, fail or kill. FAULT is `count`, `fail:<phase>:<n>:<code>`, `kill:<phase>:<n>` or `run:<phase>:<n>` (the shell
// command FAULT_RUN, before the operation), where phase is `any` or one of PHASES, and n counts from 1. What it did is
// written to FAULT_LOG.
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')

const { FAULT = '', FAULT_ROOT = '/nonexistent', FAULT_LOG = '/dev/null' } = process.env
const [mode, phase = 'any', nth = '0', code = 'EIO'] = FAULT.split(':')
const append = fs.appendFileSync

const PHASES = [
  [/\/promptctl\/.*\/lock(\.[^/]*)?$|\/promptctl\/root$/, 'lock'],
  [/\/promptctl\/[^/]+\/(outbox|pushes)(\.|\/|$)/, 'outbox'],
  [/\/promptctl\/[^/]+\/cache(\/|$)/, 'cache'],
  [/\/objects(\/|$)/, 'commit'],
  [/\/(refs|logs)(\/|$)|\/(HEAD|index|packed-refs|ORIG_HEAD)(\.lock)?$|\/pending-[^/]+\/lock-[^/]*$/, 'ref'],
  [/\/pending-|\/prompts(\/|$)/, 'file'],
]
const phaseOf = (path) => PHASES.find(([pattern]) => pattern.test(path))?.[1] ?? 'other'

const counts = { any: 0 }
let isDone = false

/** True when this operation is the one that fails. */
function isHit(operation, path) {
  if (typeof path !== 'string' || !path.startsWith(FAULT_ROOT)) return false
  const where = phaseOf(path)
  counts.any += 1
  counts[where] = (counts[where] ?? 0) + 1
  if (
    isDone ||
    (phase !== 'any' && phase !== where) ||
    (phase === 'any' ? counts.any : counts[where]) !== Number(nth)
  ) {
    return false
  }
  isDone = true
  append(FAULT_LOG, `${where} ${operation} ${path}\n`)
  if (mode === 'kill') process.kill(0, 'SIGKILL')
  if (mode === 'run') spawnSync('sh', ['-c', process.env.FAULT_RUN], { env: { ...process.env, NODE_OPTIONS: '' } })
  return mode === 'fail'
}

const WORDS = {
  ENOSPC: 'no space left on device',
  EIO: 'i/o error',
  EACCES: 'permission denied',
  EMFILE: 'too many open files',
}
const ERRNO = { ENOSPC: -28, EIO: -5, EACCES: -13, EMFILE: -24 }

function failure(operation, path) {
  const syscall = operation.replace(/Sync$/, '')
  const error = new Error(`${code}: ${WORDS[code]}, ${syscall} '${path}'`)
  return Object.assign(error, { code, errno: ERRNO[code], syscall, path })
}

const half = (data) => (typeof data === 'string' ? data.slice(0, data.length / 2) : data.subarray(0, data.length / 2))

const OPERATIONS = [
  'readFile',
  'writeFile',
  'appendFile',
  'mkdir',
  'rename',
  'rm',
  'unlink',
  'link',
  'stat',
  'lstat',
  'readdir',
  'copyFile',
  'chmod',
  'symlink',
  'readlink',
  'rmdir',
  'realpath',
  'truncate',
  'utimes',
]

const paths = new Map()
const pathOf = (path) => (typeof path === 'number' ? paths.get(path) : path instanceof URL ? path.pathname : path)

for (const operation of OPERATIONS) {
  const sync = fs[`${operation}Sync`]
  fs[`${operation}Sync`] = (path, ...rest) => {
    // What is being written to is what an operation with two paths is about.
    const about = ['rename', 'link', 'copyFile', 'symlink'].includes(operation) ? pathOf(rest[0]) : pathOf(path)
    if (isHit(operation, about)) {
      if (operation === 'writeFile') sync(path, half(rest[0]), ...rest.slice(1))
      throw failure(operation, about)
    }
    return sync(path, ...rest)
  }
  const promised = fs.promises[operation]
  fs.promises[operation] = async (path, ...rest) => {
    const about = ['rename', 'link', 'copyFile', 'symlink'].includes(operation) ? pathOf(rest[0]) : pathOf(path)
    if (isHit(operation, about)) {
      if (operation === 'writeFile') await promised(path, half(rest[0]), ...rest.slice(1))
      throw failure(operation, about)
    }
    return promised(path, ...rest)
  }
}

const { openSync } = fs
fs.openSync = (path, ...rest) => {
  if (isHit('open', pathOf(path))) throw failure('open', path)
  const descriptor = openSync(path, ...rest)
  paths.set(descriptor, pathOf(path))
  return descriptor
}
for (const operation of ['writeSync', 'readSync', 'fsyncSync', 'fstatSync', 'ftruncateSync']) {
  const original = fs[operation]
  fs[operation] = (descriptor, ...rest) => {
    if (isHit(operation, paths.get(descriptor))) throw failure(operation, paths.get(descriptor))
    return original(descriptor, ...rest)
  }
}

const { open } = fs.promises
fs.promises.open = async (path, ...rest) => {
  if (isHit('open', pathOf(path))) throw failure('open', path)
  const handle = await open(path, ...rest)
  for (const operation of ['write', 'writeFile', 'read', 'readFile', 'sync', 'datasync', 'stat', 'chmod']) {
    const original = handle[operation].bind(handle)
    handle[operation] = async (...args) => {
      if (isHit(operation, pathOf(path))) {
        if (operation === 'writeFile') await original(half(args[0]))
        throw failure(operation, path)
      }
      return original(...args)
    }
  }
  return handle
}

if (mode === 'count') process.on('exit', () => append(FAULT_LOG, `${JSON.stringify(counts)}\n`))
