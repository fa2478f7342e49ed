// An endpoint that speaks as OpenAI's and answers after 20 ms. Prints its address. Usage: endpoint.mjs
import { createServer } from 'node:http'

const ANSWER = JSON.stringify({
  choices: [{ message: { role: 'assistant', content: 'Hello' } }],
  usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
})

const server = createServer((request, response) => {
  request.resume()
  request.once('end', () => {
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER), 20)
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/v1\n`))
