import { checksumOf } from '../../core/checksum.js'
import type { Cache } from '../ports.js'

/**
 * A JSON value in a cache file, behind its checksum: `1c291ca3 {"format":1,"name":"timeline/staging",…}`. What was cut off,
 * overwritten, or written by another version or under another name reads as nothing.
 */
export function readCheckedJson<T>(cache: Cache, name: string, format: number): T | undefined {
  const bytes = cache.read(name)
  return bytes === undefined ? undefined : parseFile<T>(bytes, name, format)
}

export function writeCheckedJson(cache: Cache, name: string, format: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify({ format, name, value }))
  cache.write(name, Buffer.concat([Buffer.from(`${checksum(body)} `), body]))
}

const HEAD_LENGTH = 9

function parseFile<T>(bytes: Uint8Array, name: string, format: number): T | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const body = file.subarray(HEAD_LENGTH)
  if (file.toString('latin1', 0, HEAD_LENGTH) !== `${checksum(body)} `) return undefined
  const parsed: { format: number; name: string; value: T } = JSON.parse(body.toString('utf8'))
  return parsed.format === format && parsed.name === name ? parsed.value : undefined
}

const checksum = (body: Uint8Array): string => checksumOf(body).toString(16).padStart(8, '0')
