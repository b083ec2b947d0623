import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { EnvoyOutputLive } from "../../../src/layers/logs/EnvoyOutputLive.ts"
import { LogFilesLive } from "../../../src/layers/logs/LogFilesLive.ts"
import { EnvoyOutput } from "../../../src/services/EnvoyOutput.ts"
import { EnvoyRole, type Role } from "../../../src/services/EnvoyRole.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const privateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-output-`)),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** A process with its output where an Envoy's would be, to its end. */
const shell = (script: string) =>
  Effect.gen(function* () {
    const { stderr, stdout } = yield* (yield* EnvoyOutput).open
    yield* Effect.callback<void>((resume) => {
      const child = spawn("sh", ["-c", script], { stdio: ["ignore", stdout, stderr] })
      child.once("exit", () => resume(Effect.void))
    })
  }).pipe(Effect.scoped)

const destinations: Readonly<Record<Role, readonly [folder: string, name: string]>> = {
  main: ["APPNET_ENVOY_LOG_DESTINATION", "APPNET_ENVOY_LOG_NAME"],
  "local relay": ["APPNET_LOCAL_RELAY_LOG_DESTINATION", "APPNET_LOCAL_RELAY_LOG_FILE_NAME"]
}

/** What these processes leave in the log file of an Envoy, and in the folder beside it. */
const loggedAs = Effect.fnUntraced(function* (role: Role, ...scripts: ReadonlyArray<string>) {
  const folder = yield* privateFolder
  const [destination, name] = destinations[role]
  const environment = { APPNET_RUN_DIR: folder, APPNET_AGENT_MAX_LOG_FILE_SIZE: "100", [destination]: folder }
  const layer = EnvoyOutputLive.pipe(
    Layer.provide(Layer.succeed(EnvoyRole, role)),
    Layer.provide(LogFilesLive),
    Layer.provide(settings({ ...environment, [name]: "a.log" }))
  )
  yield* Effect.forEach(scripts, shell, { discard: true }).pipe(Effect.provide(layer))
  assert.deepStrictEqual(readdirSync(folder), ["a.log"])
  return readFileSync(`${folder}/a.log`, "utf8").split("\n").slice(0, -1)
})

const loggedBy = (...scripts: ReadonlyArray<string>) => loggedAs("main", ...scripts)

describe("Envoy's output in a log file", () => {
  it.live("has a file of its own where it is the local relay's", () =>
    Effect.gen(function* () {
      shows("APPNET_LOCAL_RELAY_LOG_DESTINATION", "APPNET_LOCAL_RELAY_LOG_FILE_NAME")
      assert.deepStrictEqual(yield* loggedAs("local relay", "echo relay"), ["relay"])
    })
  )

  it.live("has the lines of both outputs, also where they are opened again by name", () =>
    Effect.gen(function* () {
      const lines = yield* loggedBy("echo out; echo err >&2; echo again > /dev/stdout; echo again > /dev/stderr")
      assert.deepStrictEqual(lines.toSorted(), ["again", "again", "err", "out"])
    })
  )

  it.live("loses nothing of a lot", () =>
    Effect.gen(function* () {
      const lines = yield* loggedBy("seq 1 200000 & seq 200001 400000 >&2; wait")
      assert.lengthOf(lines, 400_000)
      const numbers = lines.map(Number)
      for (const isOne of [(n: number) => n <= 200_000, (n: number) => n > 200_000]) {
        const own = numbers.filter(isOne)
        assert.isTrue(own.every((n, i) => n === (own[0] ?? 0) + i))
      }
    })
  )

  it.live("ends the line that a process has left unfinished before the next one's", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* loggedBy("printf half", "echo whole")).toSorted(), ["half", "whole"])
    })
  )

  it.live("does not wait for a process that outlives the one it belongs to, but takes what it says", () =>
    Effect.gen(function* () {
      const pidFile = `${yield* privateFolder}/pid`
      yield* Effect.addFinalizer(() => Effect.sync(() => process.kill(Number(readFileSync(pidFile, "utf8")))))
      const child = `echo $$ > ${pidFile}; echo child; exec sleep 600`
      const lines = yield* loggedBy(`sh -c '${child}' & echo parent`)
      assert.deepStrictEqual(lines.toSorted(), ["child", "parent"])
    })
  )
})
