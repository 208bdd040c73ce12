// ready.mjs URL NODES PID waits until the node at URL belongs to a cluster of
// NODES nodes, and at most 20 s longer for its indices to open. It fails when
// its process is gone or three minutes are over.
const [url, nodes, pid] = process.argv.slice(2)
const deadline = Date.now() + 180_000
let opening = 0 // when the cluster was whole

/** Does a process live? */
function alive() {
  try {
    process.kill(Number(pid), 0)
    return true
  } catch {
    return false
  }
}

async function ready() {
  const path = `/_cluster/health?wait_for_nodes=>=${nodes}&wait_for_no_initializing_shards=true&timeout=1s`
  try {
    const answer = await fetch(url + path, { signal: AbortSignal.timeout(5000) })
    if (!answer.ok) return false
    opening ||= Date.now()
    return (await answer.json()).status !== 'red' || Date.now() > opening + 20_000
  } catch {
    return false // it does not listen yet
  }
}

while (!(await ready())) {
  if (!alive() || Date.now() > deadline) process.exit(1)
  await new Promise((resolve) => setTimeout(resolve, 50))
}
