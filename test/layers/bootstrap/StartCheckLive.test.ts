import { writeFileSync } from "node:fs"
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { StartCheckLive } from "../../../src/layers/bootstrap/StartCheckLive.ts"
import { EnvoyNotFound } from "../../../src/services/EnvoyBinary.ts"
import { StartCheck } from "../../../src/services/StartCheck.ts"
import { shows } from "../../shows.ts"
import {
  bootstrapOf,
  type Environment,
  readOnlyFiles,
  relay,
  serviceConnect,
  type World,
  withFiles,
  worldOf
} from "./harness.ts"

const startOf = (environment: Environment, world: World = {}) =>
  Effect.flatMap(StartCheck, ({ check }) => check).pipe(
    Effect.provide(Layer.provide(StartCheckLive, worldOf(environment, world)))
  )

/** The messages of the problems for which `run` would not start Envoy. */
const startProblemsOf = (environment: Environment, world: World = {}) =>
  Effect.map(Effect.flip(startOf(environment, world)), ({ problems }) => problems.map(({ message }) => message))

describe("a start", () => {
  it.effect("needs folders for the files of the agent, and says what is wrong with them", () =>
    Effect.gen(function* () {
      shows("socket-folder-missing", "APPNET_RUN_DIR", "APPNET_AGENT_ADMIN_UDS_PATH")
      const DIR = yield* withFiles({ file: "" })
      const uds = { ...serviceConnect, APPNET_AGENT_ADMIN_MODE: "uds" }
      const problemWith = (path: string) =>
        Effect.map(startProblemsOf({ ...uds, APPNET_AGENT_ADMIN_UDS_PATH: path }), ([problem]) => problem)
      const cannot = (path: string) => `APPNET_AGENT_ADMIN_UDS_PATH=${path} cannot be created`
      assert.strictEqual(
        yield* problemWith(`${DIR}/none/a.sock`),
        `${cannot(`${DIR}/none/a.sock`)}: ${DIR}/none does not exist`
      )
      assert.strictEqual(
        yield* problemWith(`${DIR}/file/a.sock`),
        `${cannot(`${DIR}/file/a.sock`)}: ${DIR}/file is not a folder`
      )
      assert.match(
        `${yield* startProblemsOf({ ...uds, APPNET_AGENT_ADMIN_UDS_PATH: "/x/a.sock" }, { files: readOnlyFiles() })}`,
        /cannot be created: this user cannot write to \/x$/
      )
      yield* startOf({ ...uds, APPNET_AGENT_ADMIN_UDS_PATH: `${DIR}/a.sock` })
      yield* startOf({ ...serviceConnect, APPNET_AGENT_ADMIN_UDS_PATH: "/nonexistent/a.sock" })
      assert.strictEqual(
        `${yield* startProblemsOf({ ...serviceConnect, APPNET_RUN_DIR: "/nonexistent" })}`,
        "APPNET_RUN_DIR=/nonexistent cannot hold the files of this agent: /nonexistent does not exist"
      )
    })
  )

  it.effect("needs places for its sockets in which there is nothing of somebody else's", () =>
    Effect.gen(function* () {
      shows("not-theirs", "config-refused")
      const DIR = yield* withFiles({ file: "precious" })
      writeFileSync(`${DIR}/own`, `admin: { address: { pipe: { path: ${DIR}/file } } }`)
      const taken = (variable: string) =>
        `${variable}=${DIR}/file is a file, which a socket would replace: remove it, or choose another path`
      const variables = ["APPNET_AGENT_ADMIN_UDS_PATH", "APPNET_RELAY_LISTENER_UDS_PATH", "APPNET_ENVOY_ADMIN_UDS_PATH"]
      const paths = Object.fromEntries(variables.map((variable) => [variable, `${DIR}/file`]))
      const inRelay = { ...relay, APPNET_AGENT_ADMIN_MODE: "uds", ...paths }
      assert.deepStrictEqual(yield* startProblemsOf(inRelay), variables.map(taken))
      assert.deepStrictEqual(yield* startProblemsOf({ ...serviceConnect, ENVOY_ADMIN_MODE: "uds", ...paths }), [
        taken("APPNET_ENVOY_ADMIN_UDS_PATH")
      ])
      // Where no socket is made, nobody minds.
      yield* startOf({ ...serviceConnect, ...paths })
      assert.deepStrictEqual(yield* startProblemsOf({ ENVOY_CONFIG_FILE: `${DIR}/own` }), [
        `ENVOY_CONFIG_FILE=${DIR}/own has Envoy's admin at ${DIR}/file, which is a file that a socket would replace: remove it, or choose another path`
      ])
    })
  )

  it.effect("is warned of a process at the place of a socket, which may be the agent that runs already", () =>
    Effect.gen(function* () {
      shows("not-theirs")
      const path = `${yield* withFiles({})}/live.sock`
      yield* Effect.acquireRelease(
        Effect.callback<net.Server>((resume) => {
          const server = net.createServer().listen(path, () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const { warnings } = yield* startOf({
        ...serviceConnect,
        ENVOY_ADMIN_MODE: "uds",
        APPNET_ENVOY_ADMIN_UDS_PATH: path
      })
      assert.include(
        warnings,
        `APPNET_ENVOY_ADMIN_UDS_PATH=${path} is a socket on which a process listens: another agent does not start beside it`
      )
    })
  )

  it.effect("needs an Envoy, which the bootstrap alone does not", () =>
    Effect.gen(function* () {
      shows("config-refused")
      const path = Effect.fail(new EnvoyNotFound({ path: "/usr/bin/envoy", problem: "does not exist" }))
      const uds = { ...serviceConnect, APPNET_AGENT_ADMIN_MODE: "uds", APPNET_AGENT_ADMIN_UDS_PATH: "/none/a.sock" }
      yield* bootstrapOf(uds, { path })
      const problems = yield* startProblemsOf({ ...uds, APPMESH_RESOURCE_ARN: "" }, { path })
      assert.deepStrictEqual(
        problems.map((problem) => problem.split(/[ =]/)[0]),
        ["APPMESH_RESOURCE_ARN", "APPNET_AGENT_ADMIN_UDS_PATH", "cannot"]
      )
    })
  )
})
