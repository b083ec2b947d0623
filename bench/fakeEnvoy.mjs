// An Envoy's admin that is LIVE and has any number of metrics-extension stats: `node fakeEnvoy.mjs PORT LINES`. It is a
// process of its own, so that its memory is not counted.
import http from "node:http"

const [port, lines] = process.argv.slice(2).map(Number)
const families = 100

/** About 200 bytes a line, in pieces of 64 KB. */
const body = (() => {
  const pieces = []
  let text = ""
  for (let i = 0; i < lines; i += 1) {
    if (i % Math.ceil(lines / families) === 0) {
      text += `# TYPE envoy_appmesh_RequestCountPerTarget_${pieces.length} counter\n`
    }
    text += `envoy_appmesh_RequestCountPerTarget{Mesh="shop",VirtualNode="cart-${i % 97}",TargetVirtualNode="node-${i}",TargetVirtualService="service-${i}.shop.svc.cluster.local",envoy_response_code="200",envoy_http_conn_manager_prefix="ingress"} ${i % 1000}\n`
    if (text.length > 65_536) {
      pieces.push(Buffer.from(text))
      text = ""
    }
  }
  pieces.push(Buffer.from(text))
  return pieces
})()

const stats = [
  { name: "listener_manager.listener_create_failure", value: 0 },
  { name: "listener_manager.lds.update_success", value: 1 }
]

http
  .createServer((request, response) => {
    const path = request.url.split("?")[0]
    if (path === "/ready") return response.end("LIVE\n")
    if (path === "/stats") return response.end(JSON.stringify({ stats }))
    if (path !== "/stats/prometheus") return response.end("OK\n")
    let next = 0
    const send = () => {
      while (next < body.length) {
        next += 1
        if (!response.write(body[next - 1])) return response.once("drain", send)
      }
      response.end()
    }
    send()
  })
  .listen(port, "127.0.0.1", () => console.log(body.reduce((sum, { length }) => sum + length, 0)))
