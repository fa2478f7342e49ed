import { crc32 } from 'node:zlib'
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
  const text = JSON.stringify({ format, value })
  return Buffer.from(`${checksum(text)} ${text}`)
}

/** The value, or nothing when the bytes are not exactly what was written. */
export function parseCheckedJson<T>(bytes: Uint8Array, format: number): T | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const body = text.slice(HEAD_LENGTH)
  if (text.slice(0, HEAD_LENGTH) !== `${checksum(body)} `) return undefined
  const parsed: { format: number; value: T } = JSON.parse(body)
  return parsed.format === format ? parsed.value : undefined
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0')
