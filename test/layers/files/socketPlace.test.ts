import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { lastingOccupantOf, occupantOf } from "../../../src/layers/files/socketPlace.ts"
import { shows } from "../../shows.ts"
import { leaveSocket } from "./leaveSocket.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-place-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const listening = (path: string) =>
  Effect.acquireRelease(
    Effect.callback<net.Server>((resume) => {
      const server = net.createServer().listen(path, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

describe("the place of a socket", () => {
  it.effect("is free where nothing is, or a socket that was left behind", () =>
    Effect.gen(function* () {
      shows("not-theirs")
      const parent = yield* temporary
      leaveSocket(`${parent}/left.sock`)
      for (const path of [`${parent}/left.sock`, `${parent}/none.sock`, `${parent}/none/a.sock`, "@abstract"]) {
        assert.isUndefined(yield* occupantOf(path), path)
      }
    })
  )

  it.effect("is taken by every other file, and by a link wherever that leads", () =>
    Effect.gen(function* () {
      shows("not-theirs")
      const parent = yield* temporary
      writeFileSync(`${parent}/file`, "precious")
      mkdirSync(`${parent}/folder`)
      execFileSync("mkfifo", [`${parent}/fifo`])
      leaveSocket(`${parent}/left.sock`)
      symlinkSync("/nonexistent", `${parent}/dangling`)
      symlinkSync(`${parent}/left.sock`, `${parent}/link`)
      const cases = [
        ["file", "a file"],
        ["folder", "a folder"],
        ["fifo", "a FIFO"],
        ["dangling", "a symbolic link"],
        ["link", "a symbolic link"]
      ]
      for (const [name, what] of cases) {
        assert.deepEqual(yield* occupantOf(`${parent}/${name}`), { isLive: false, what }, name)
      }
      assert.deepEqual(yield* occupantOf("/dev/null"), { isLive: false, what: "a device" })
    })
  )

  it.effect("is taken by a process that listens there, unless that ends within 2 s", () =>
    Effect.gen(function* () {
      shows("not-theirs")
      const path = `${yield* temporary}/live.sock`
      const server = yield* listening(path)
      const lasting = { isLive: true, what: "a socket on which a process listens" }
      assert.deepStrictEqual(yield* occupantOf(path), lasting)
      const waiting = yield* Effect.forkChild(lastingOccupantOf(path))
      // Each look is an answer of the kernel, which the test's clock does not move.
      const look = Effect.andThen(
        Effect.promise(() => new Promise((done) => setTimeout(done, 10))),
        TestClock.adjust("100 millis")
      )
      yield* Effect.repeat(look, { times: 30 })
      assert.deepStrictEqual(yield* Fiber.join(waiting), lasting)
      const next = yield* Effect.forkChild(lastingOccupantOf(path))
      yield* Effect.repeat(look, { times: 3 })
      assert.isUndefined(next.pollUnsafe())
      server.close()
      yield* Effect.repeat(look, { times: 3 })
      assert.isUndefined(yield* Fiber.join(next))
    })
  )
})
