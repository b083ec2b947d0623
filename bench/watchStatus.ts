// Requests /status again and again until SIGTERM, and then prints the longest time that an answer took, in milliseconds:
// `watchStatus.ts PORT`. It is a process of its own, since one that does other work as well would measure itself.
import http from "node:http"

const port = Number(process.argv[2])
const agent = new http.Agent({ keepAlive: true })
let longest = 0

const ask = () => {
  const began = performance.now()
  http
    .get({ host: "127.0.0.1", port, path: "/status", agent }, (response) => {
      response.resume()
      response.on("end", () => {
        longest = Math.max(longest, performance.now() - began)
        setTimeout(ask, 5)
      })
    })
    .on("error", () => setTimeout(ask, 5))
}

// The first answers do not count: they run code that was never compiled.
ask()
setTimeout(() => {
  longest = 0
}, 300)
process.on("SIGTERM", () => {
  console.log(longest)
  process.exit()
})
