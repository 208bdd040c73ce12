// ports.mjs PORT… prints, for each port, that port if it is free on 127.0.0.1,
// else another free one.
import { createServer } from 'node:net'

/** Listens on a port for a moment; port 0 takes any. */
function listen(port) {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

const servers = []
for (const port of process.argv.slice(2).map(Number)) {
  servers.push(await listen(port).catch(() => listen(0)))
}
// All are held until all are found, so that no two are the same.
console.log(servers.map((server) => server.address().port).join(' '))
for (const server of servers) server.close()
