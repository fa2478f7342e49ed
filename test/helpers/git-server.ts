import { execFileSync, spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { ProcessEnv } from './repo.js'

/** git's own HTTP server on this machine, over the folder that holds a bare repository. */
export interface GitServer {
  /** `http://127.0.0.1:<port>/origin.git` */
  url(name: string): string
  close(): Promise<void>
}

/** Serves the repositories beside `origin` to whoever has the token as a password. */
export async function serveGit(origin: string, token: string, env: ProcessEnv): Promise<GitServer> {
  const backend = join(execFileSync('git', ['--exec-path'], { env, encoding: 'utf8' }).trim(), 'git-http-backend')
  const server = createServer((request, response) => {
    const password = Buffer.from(request.headers.authorization?.replace('Basic ', '') ?? '', 'base64')
    if (password.toString().split(':')[1] !== token) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
      return
    }
    runBackend(backend, dirname(origin), env, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function runBackend(
  backend: string,
  root: string,
  env: ProcessEnv,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const { pathname, search } = new URL(request.url ?? '', 'http://localhost')
  const child = spawn(backend, {
    env: {
      ...env,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'somebody',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'],
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
    },
  })
  request.pipe(child.stdin)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.on('close', () => {
    const answer = Buffer.concat(chunks)
    const end = answer.indexOf('\r\n\r\n')
    const fields = answer.toString('latin1', 0, end).split('\r\n')
    const headers = Object.fromEntries(fields.map((line) => line.split(': ') as [string, string]))
    response.writeHead(Number(headers['Status']?.slice(0, 3) ?? 200), headers).end(answer.subarray(end + 4))
  })
}
