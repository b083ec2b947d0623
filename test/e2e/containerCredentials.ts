// A credentials endpoint like those of ECS and EKS, which serve temporary credentials of a role to containers over HTTP.
import http from "node:http"

export interface RoleCredentials {
  readonly accessKeyId: string
  readonly secret: string
  readonly token: string
  readonly expires: Date
}

export interface ContainerCredentials {
  /** The value for AWS_CONTAINER_CREDENTIALS_FULL_URI. */
  readonly uri: string
  /** The number of requests so far. */
  readonly requests: () => number
  /** Changes the credentials that are served. With `undefined` the answer is status 500. */
  readonly rotate: (credentials: RoleCredentials | undefined) => void
  readonly close: () => Promise<void>
}

export const startContainerCredentials = async (first: RoleCredentials | undefined): Promise<ContainerCredentials> => {
  let current = first
  let count = 0
  const server = http.createServer((_request, response) => {
    count += 1
    if (current === undefined) return response.writeHead(500).end()
    const body = {
      RoleArn: "arn:aws:iam::123456789012:role/relay",
      AccessKeyId: current.accessKeyId,
      SecretAccessKey: current.secret,
      Token: current.token,
      // AWS writes no milliseconds.
      Expiration: current.expires.toISOString().replace(/\.\d+Z$/, "Z")
    }
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const bound = server.address()
  const port = typeof bound === "object" && bound !== null ? bound.port : 0
  return {
    uri: `http://127.0.0.1:${port}/v2/credentials/relay`,
    requests: () => count,
    rotate: (credentials) => {
      current = credentials
    },
    close: async () => {
      const closed = new Promise((done) => server.close(done))
      server.closeAllConnections()
      await closed
    }
  }
}
