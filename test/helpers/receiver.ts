import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'

/** One request as it came. */
export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly path: string
  readonly body: Buffer
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Answers a request, or does something worse with it. */
export type Answering = (response: ServerResponse, request: Received, index: number) => void

export interface Receiver {
  readonly url: string
  readonly port: number
  readonly received: readonly Received[]
  /** Waits until so many requests have come, or fails. */
  waitFor(count: number, timeoutMs?: number): Promise<void>
  close(): void
}

const answer200: Answering = (response) => response.writeHead(200).end('ok')

/** Statuses in turn; the last one again and again. */
export const statuses =
  (...list: readonly number[]): Answering =>
  (response, _, index) =>
    response.writeHead(list[Math.min(index, list.length - 1)] ?? 200).end()

const opened: Receiver[] = []
afterAll(() => {
  for (const receiver of opened) receiver.close()
})

/** A real HTTP server on the loopback address; `port` 0 is any. */
export async function startReceiver(answering: Answering = answer200, port = 0): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { headers, url: path = '' } = request
    const one = { headers, path, body: Buffer.concat(chunks), at: Date.now() }
    answering(response, one, received.push(one) - 1)
  })
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  const address = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://127.0.0.1:${address.port}/hook`,
    port: address.port,
    received,
    waitFor: async (count, timeoutMs = 20_000) => {
      const deadline = Date.now() + timeoutMs
      while (received.length < count) {
        if (Date.now() > deadline) throw new Error(`${received.length} of ${count} requests came`)
        await new Promise((again) => setTimeout(again, 20))
      }
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
  opened.push(receiver)
  return receiver
}
