import { checksumOf } from '../../core/checksum.js'
import type { Cache } from '../ports.js'

/**
 * A JSON value in a cache file, behind its checksum: `1c291ca3 {"format":1,…}`. What was cut off, overwritten or written
 * by another version reads as nothing.
 */
export function readCheckedJson<T>(cache: Cache, name: string, format: number): T | undefined {
  const bytes = cache.read(name)
  return bytes === undefined ? undefined : parseCheckedJson<T>(bytes, format)
}

export function writeCheckedJson(cache: Cache, name: string, format: number, value: unknown): void {
  cache.write(name, formatCheckedJson(value, format))
}

const HEAD_LENGTH = 9

/** The bytes of a checked value. */
export function formatCheckedJson(value: unknown, format: number): Uint8Array {
  const body = Buffer.from(JSON.stringify({ format, value }))
  return Buffer.concat([Buffer.from(`${checksum(body)} `), body])
}

/** The value, or nothing when the bytes are not exactly what was written. */
export function parseCheckedJson<T>(bytes: Uint8Array, format: number): T | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const body = file.subarray(HEAD_LENGTH)
  if (file.toString('latin1', 0, HEAD_LENGTH) !== `${checksum(body)} `) return undefined
  const parsed: { format: number; value: T } = JSON.parse(body.toString('utf8'))
  return parsed.format === format ? parsed.value : undefined
}

const checksum = (body: Uint8Array): string => checksumOf(body).toString(16).padStart(8, '0')
