// Single requests to this machine.
import http from "node:http"
import { host } from "./ports.ts"

export interface Answer {
  readonly status: number
  readonly body: string
}

const timeoutMilliseconds = 2000

/** GET on a connection of its own; fails where the whole answer is not there within 2 s. */
export const get = (port: number, path: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMilliseconds)
    const request = http.get({ host, port, path, agent: false, signal }, (response) => {
      let body = ""
      response.setEncoding("utf8")
      response.on("data", (part) => {
        body += part
      })
      response.on("error", reject)
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.on("error", reject)
  })
