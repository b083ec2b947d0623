import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { setTimeout } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, SubscriptionRef } from "effect"
import { AdminListenerLive } from "../../../src/layers/admin/AdminListenerLive.ts"
import { AdminListener } from "../../../src/services/AdminListener.ts"
import { type AdminAddress, Bootstrap } from "../../../src/services/Bootstrap.ts"
import type { EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { bootstrapWith, envoyIn } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-listener-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const listenOn = (where: net.ListenOptions) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = net.createServer().listen(where)
      await once(server, "listening")
      return server
    }),
    (server) => Effect.sync(() => server.close())
  )

const tcpAddress = (server: net.Server): AdminAddress => {
  const address = server.address()
  return { _tag: "Tcp", host: "127.0.0.1", port: typeof address === "object" && address !== null ? address.port : 0 }
}

const running = (pid: number): EnvoyState => ({ _tag: "Running", epoch: 0, pid, since: 0 })

/** Who listens at an address, as seen by an agent whose Envoy is in this state. */
const listenerAt = Effect.fnUntraced(function* (admin: AdminAddress, state: EnvoyState) {
  const layer = AdminListenerLive.pipe(
    Layer.provide(Layer.succeed(Bootstrap, bootstrapWith({ admin }))),
    Layer.provide(envoyIn(yield* SubscriptionRef.make(state)))
  )
  return yield* Effect.flatMap(AdminListener, ({ listener }) => listener).pipe(Effect.provide(layer))
})

/** A process that sleeps, and is no parent of any socket. */
const sleeper = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => spawn("sleep", ["100"], { stdio: "ignore" })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  ),
  ({ pid = 0 }) => pid
)

/** A process that has ended, and whose parent does not ask how. As Envoy's while its last threads end, it shows no descriptor. */
const zombie = Effect.gen(function* () {
  const parent = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 100"], { stdio: ["ignore", "pipe", "inherit"] })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const [line] = yield* Effect.promise(() => once(parent.stdout, "data"))
  const pid = Number(line)
  yield* Effect.promise(async () => {
    while (!readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ")) await setTimeout(5)
  })
  return pid
})

describe("who listens at the admin's address", () => {
  it.live("is the agent's Envoy by its pid alone, over TCP and a unix socket", () =>
    Effect.gen(function* () {
      shows("own-envoy")
      const other = yield* sleeper
      const path = `${yield* folder}/admin.sock`
      const tcp = tcpAddress(yield* listenOn({ port: 0, host: "127.0.0.1" }))
      yield* listenOn({ path })
      for (const address of [tcp, { _tag: "Unix", path }] as const) {
        assert.deepStrictEqual(yield* listenerAt(address, running(process.pid)), { _tag: "OwnEnvoy" })
        for (const state of [running(other), { _tag: "Starting", epoch: 0 }] as const) {
          const found = yield* listenerAt(address, state)
          assert.isTrue(found._tag === "OtherProgram" && `${found.program}`.startsWith(`pid ${process.pid}, `))
        }
      }
    })
  )

  it.live("is the agent's Envoy too where a script in its place has started it", () =>
    Effect.gen(function* () {
      const script =
        "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })"
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          // As the launcher does it: the shell leads a session of its own.
          spawn("sh", ["-c", `"${process.execPath}" -e "${script}"; true`], {
            detached: true,
            stdio: ["ignore", "pipe", "inherit"]
          })
        ),
        ({ pid = 0 }) => Effect.sync(() => process.kill(-pid, "SIGKILL"))
      )
      const [port] = yield* Effect.promise(() => once(child.stdout, "data"))
      const address: AdminAddress = { _tag: "Tcp", host: "127.0.0.1", port: Number(port) }
      assert.deepStrictEqual(yield* listenerAt(address, running(child.pid ?? 0)), { _tag: "OwnEnvoy" })
    })
  )

  it.live("is nobody where no socket is", () =>
    Effect.gen(function* () {
      const server = yield* listenOn({ port: 0, host: "127.0.0.1" })
      const address = tcpAddress(server)
      yield* Effect.promise(() => new Promise((done) => server.close(done)))
      assert.deepStrictEqual(yield* listenerAt(address, running(process.pid)), { _tag: "Nobody" })
      const unix: AdminAddress = { _tag: "Unix", path: `${yield* folder}/none.sock` }
      assert.deepStrictEqual(yield* listenerAt(unix, running(process.pid)), { _tag: "Nobody" })
    })
  )

  it.live("is unknown where /proc does not show Envoy", () =>
    Effect.gen(function* () {
      const address = tcpAddress(yield* listenOn({ port: 0, host: "127.0.0.1" }))
      const found = yield* listenerAt(address, running(2 ** 30))
      assert.deepStrictEqual(found, { _tag: "Unknown", reason: "/proc/1073741824/fd cannot be read: ENOENT" })
    })
  )

  it.live("is unknown, and not another program, while Envoy's own process is ending", () =>
    Effect.gen(function* () {
      shows("own-envoy")
      const address = tcpAddress(yield* listenOn({ port: 0, host: "127.0.0.1" }))
      const { _tag } = yield* listenerAt(address, running(yield* zombie))
      assert.strictEqual(_tag, "Unknown")
    })
  )
})
