import { spawn } from "node:child_process"
import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync
} from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { RunFolderLive } from "../../../src/layers/files/RunFolderLive.ts"
import { EnvoyOutputLive } from "../../../src/layers/logs/EnvoyOutputLive.ts"
import { type Fifo, readFifo } from "../../../src/layers/logs/fifo.ts"
import { LogFilesLive } from "../../../src/layers/logs/LogFilesLive.ts"
import { makeLineBuffer } from "../../../src/layers/logs/lineBuffer.ts"
import { makeOutputPipes } from "../../../src/layers/logs/outputPipes.ts"
import { EnvoyOutput } from "../../../src/services/EnvoyOutput.ts"
import { EnvoyRole } from "../../../src/services/EnvoyRole.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const privateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-pipes-`)),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Until the end of the scope, PATH has these programs alone. */
const onlyPrograms = Effect.fnUntraced(function* (...names: ReadonlyArray<string>) {
  const folder = yield* privateFolder
  for (const name of names) symlinkSync(`/bin/${name}`, `${folder}/${name}`)
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const { PATH } = process.env
      process.env.PATH = folder
      return PATH
    }),
    (PATH) => Effect.sync(() => void Object.assign(process.env, { PATH }))
  )
})

/** Runs a script whose stdout is the pipe, and returns what the other end has when it is over. */
const through = Effect.fnUntraced(function* ({ read, write }: Fifo, script: string) {
  const parts: Array<string> = []
  const reader = readFifo(read, makeLineBuffer())
  const reading = yield* Effect.forkChild(
    reader.run((bytes) => Effect.sync(() => void parts.push(Buffer.from(bytes).toString())))
  )
  yield* Effect.callback<void>((resume) => {
    const child = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", write, "ignore"] })
    child.once("exit", () => resume(Effect.void))
  })
  yield* Effect.sync(() => closeSync(write))
  yield* Fiber.join(reading)
  return parts.join("")
})

const openDescriptors = () =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return /^pipe:|fifo/.test(target) ? [target] : []
    } catch {
      return []
    }
  })

const works = Effect.fnUntraced(function* (paths: ReadonlyArray<string>) {
  const pipes = yield* makeOutputPipes(Effect.succeed(paths), paths.length)
  assert.lengthOf(pipes, paths.length)
  for (const [i, pipe] of pipes.entries()) {
    assert.isTrue(fstatSync(pipe.read).isFIFO() && fstatSync(pipe.write).isFIFO())
    assert.strictEqual(yield* through(pipe, `echo ${i}; echo again > /dev/stdout`), `${i}\nagain\n`)
  }
})

describe("the pipes for Envoy's output", () => {
  it.live("can be opened by name, end with their writer, and leave nothing in the folder", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      yield* works([`${folder}/one`, `${folder}/two`])
      assert.deepStrictEqual(readdirSync(folder), [])
    })
  )

  it.live("are the same without the folder", () => works(["/nonexistent/one", "/nonexistent/two"]))

  it.live("are the same where there is no mkfifo", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      yield* onlyPrograms("sh")
      yield* works([`${folder}/one`])
    })
  )

  it.live("are the same where something that cannot be removed has the name", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      mkdirSync(`${folder}/one`)
      yield* works([`${folder}/one`])
    })
  )

  it.live("are refused, for both reasons and without a leak, where neither mkfifo nor a shell works", () =>
    Effect.gen(function* () {
      yield* onlyPrograms()
      const before = openDescriptors()
      const error = yield* Effect.flip(makeOutputPipes(Effect.succeed(["/nonexistent/one", "/nonexistent/two"]), 2))
      assert.match(error.message, /^mkfifo cannot be started: .*; nor a pipe: sh cannot be started: /)
      assert.deepStrictEqual(openDescriptors(), before)
    })
  )
})

describe("Envoy's output in a log file", () => {
  it.live("arrives there also where no FIFO can be made when Envoy starts", () =>
    Effect.gen(function* () {
      shows("log-folder-missing")
      const folder = yield* privateFolder
      const layer = EnvoyOutputLive.pipe(
        Layer.provide(Layer.succeed(EnvoyRole, "main")),
        Layer.provide(LogFilesLive),
        Layer.provide(RunFolderLive),
        Layer.provide(
          settings({
            APPNET_RUN_DIR: `${folder}/none`,
            APPNET_ENVOY_LOG_DESTINATION: folder,
            APPNET_ENVOY_LOG_NAME: "a.log"
          })
        )
      )
      yield* Effect.gen(function* () {
        const { stderr, stdout } = yield* (yield* EnvoyOutput).open
        yield* Effect.callback<void>((resume) => {
          const child = spawn("sh", ["-c", "echo out; echo err >&2"], { stdio: ["ignore", stdout, stderr] })
          child.once("exit", () => resume(Effect.void))
        })
      }).pipe(Effect.scoped, Effect.provide(layer))
      const lines = readFileSync(`${folder}/a.log`, "utf8").split("\n").slice(0, -1)
      assert.deepStrictEqual(lines.toSorted(), ["err", "out"])
    })
  )
})
