// Loads the bundled chunks with V8's code cache beside them: compiling the bundle costs more than running it.
//
// A cache is one file a chunk, <directory>/cache/<Node's version>-<platform>-<arch>/<chunk>: three 32-bit numbers
// (magic, length of the chunk, length of the data), the chunk that the data was made from, the data, the data again.
// A frequent command has caches of its own, <command>.<chunk>: each holds just the functions that this command calls.
// One for all would make every command read the functions of all, or compile its own anew each time.
// It is used when chunk and copies are equal byte for byte: V8 looks only at the length of the source, and does not
// verify the checksum of the data, so that one flipped bit in it can crash the process. Comparing 1 MB takes 0.1 ms,
// loading node:zlib for a CRC 2 ms. Data of another V8, or made under other flags, is refused by V8 itself.
//
// When engines says Node >= 22.8, look at module.enableCompileCache again.
const { closeSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { constants, Script } = require('node:vm')

const MAGIC = 0x31434350

/** A fixed list: what somebody mistypes leaves no files behind. */
const FREQUENT = new Set('compile diff edit lint list log new promote publish push rollback show status'.split(' '))

const HEAD_BYTES = 12
const [BEFORE, AFTER] = ['(function (exports, require, module, __filename, __dirname) {', '\n})']

/** The data in a cache's `bytes`, when that is whole and of this chunk. */
const parseCache = (bytes, source) => {
  if (bytes.length < HEAD_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const [sourceBytes, dataBytes] = [bytes.readUInt32LE(4), bytes.readUInt32LE(8)]
  const start = HEAD_BYTES + sourceBytes
  if (bytes.length !== start + 2 * dataBytes || !bytes.subarray(HEAD_BYTES, start).equals(source)) return undefined
  const data = bytes.subarray(start, start + dataBytes)
  return data.equals(bytes.subarray(start + dataBytes)) ? data : undefined
}

const formatCache = (source, data) => {
  const head = Buffer.alloc(HEAD_BYTES)
  for (const [index, number] of [MAGIC, source.length, data.length].entries()) head.writeUInt32LE(number, 4 * index)
  return Buffer.concat([head, source, data, data])
}

const readCache = (file, source) => {
  try {
    return parseCache(readFileSync(file), source)
  } catch {
    return undefined // There is none, or it cannot be read: the chunk is compiled, as if there were no caches.
  }
}

/**
 * Written beside and renamed, so that a reader sees the old file or the new one. Nothing is said when the disk says no,
 * and then nothing is made either: `makeData` takes some ms.
 */
const writeCache = (directory, name, source, makeData) => {
  const temporary = join(directory, `${name}.${process.pid}`)
  try {
    mkdirSync(directory, { recursive: true })
    const handle = openSync(temporary, 'wx')
    try {
      writeFileSync(handle, formatCache(source, makeData()))
    } finally {
      closeSync(handle)
    }
    renameSync(temporary, join(directory, name))
  } catch {
    try {
      unlinkSync(temporary)
    } catch {
      // It was never made: the folder is read-only.
    }
  }
}

const isPlainStart = () => process.execArgv.length === 0 && !process.env.NODE_OPTIONS

/**
 * Opens a folder of chunks (CommonJS, ASCII) for a command, the first word of the command line. `load` runs a chunk and returns its exports. `save` writes a cache for each
 * chunk that ran without one, `saveAll` for each that ran, so that what this process compiled late is in it, too.
 */
const openChunks = (directory, command) => {
  const caches = join(directory, 'cache', `${process.version}-${process.platform}-${process.arch}`)
  const cacheOf = (name) => (FREQUENT.has(command) ? `${command}.${name}` : name)
  const loaded = new Map()

  const compile = (name) => {
    const filename = join(directory, name)
    const source = readFileSync(filename)
    const script = new Script(BEFORE + source.toString('latin1') + AFTER, {
      filename,
      columnOffset: -BEFORE.length,
      cachedData: readCache(join(caches, cacheOf(name)), source),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
    return { name, source, script, filename, module: { exports: {} } }
  }

  const load = (name) => {
    const known = loaded.get(name)
    if (known !== undefined) return known.module.exports
    const chunk = compile(name)
    loaded.set(name, chunk)
    const requireFrom = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id))
    chunk.script.runInThisContext()(chunk.module.exports, requireFrom, chunk.module, chunk.filename, directory)
    return chunk.module.exports
  }

  const saveAll = (chunks = loaded.values()) => {
    for (const { name, source, script } of chunks)
      writeCache(caches, cacheOf(name), source, () => script.createCachedData())
  }

  const save = () => {
    const missing = [...loaded.values()].filter(({ script }) => script.cachedDataRejected !== false)
    // Flags change what V8 accepts: data that was made under them would be refused by every plain start.
    if (missing.length > 0 && isPlainStart()) saveAll(missing)
  }

  return { load, save, saveAll }
}

module.exports = { openChunks }
