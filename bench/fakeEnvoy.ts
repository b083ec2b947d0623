// The admin of an Envoy that is LIVE and has any number of stats of the metrics extension: `fakeEnvoy.ts PORT LINES`. It runs in
// Envoy's place, so that the agent takes it for its own, and the bench does not count its memory.
import http from "node:http"

const [port = 0, lines = 0] = process.argv.slice(2).map(Number)
const linesPerFamily = Math.ceil(lines / 100)

/** About 200 bytes a line, in chunks of 64 KB. */
const makeStats = (): ReadonlyArray<Buffer> => {
  const chunks: Array<Buffer> = []
  let text = ""
  for (let i = 0; i < lines; i += 1) {
    if (i % linesPerFamily === 0) text += `# TYPE envoy_appmesh_RequestCountPerTarget_${chunks.length} counter\n`
    text += `envoy_appmesh_RequestCountPerTarget{Mesh="shop",VirtualNode="cart-${i % 97}",TargetVirtualNode="node-${i}",TargetVirtualService="service-${i}.shop.svc.cluster.local",envoy_response_code="200",envoy_http_conn_manager_prefix="ingress"} ${i % 1000}\n`
    if (text.length > 65_536) {
      chunks.push(Buffer.from(text))
      text = ""
    }
  }
  chunks.push(Buffer.from(text))
  return chunks
}

const prometheusStats = makeStats()
const healthStats = JSON.stringify({
  stats: [
    { name: "listener_manager.listener_create_failure", value: 0 },
    { name: "listener_manager.lds.update_success", value: 1 }
  ]
})

const sendStats = (response: http.ServerResponse) => {
  let next = 0
  const send = (): void => {
    for (; next < prometheusStats.length; next += 1) {
      if (!response.write(prometheusStats[next])) {
        next += 1
        response.once("drain", send)
        return
      }
    }
    response.end()
  }
  send()
}

http
  .createServer((request, response) => {
    const path = request.url?.split("?")[0]
    if (path === "/ready") response.end("LIVE\n")
    else if (path === "/stats") response.end(healthStats)
    else if (path === "/stats/prometheus") sendStats(response)
    else response.end("OK\n")
  })
  .listen(port, "127.0.0.1")
