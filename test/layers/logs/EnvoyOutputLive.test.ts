import { execFileSync, spawn } from "node:child_process"
import { closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { RunFolderLive } from "../../../src/layers/files/RunFolderLive.ts"
import { canBeReopened, EnvoyOutputLive } from "../../../src/layers/logs/EnvoyOutputLive.ts"
import { LogFilesLive } from "../../../src/layers/logs/LogFilesLive.ts"
import { EnvoyOutput } from "../../../src/services/EnvoyOutput.ts"
import { EnvoyRole, type Role } from "../../../src/services/EnvoyRole.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const privateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-output-`)),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Runs a script with its output where Envoy's would go, and waits for its end. */
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

/** The lines that these scripts, run one after the other, leave in the log file of an Envoy. */
const loggedAs = Effect.fnUntraced(function* (role: Role, ...scripts: ReadonlyArray<string>) {
  const folder = yield* privateFolder
  const [destination, name] = destinations[role]
  const environment = { APPNET_RUN_DIR: folder, APPNET_AGENT_MAX_LOG_FILE_SIZE: "100", [destination]: folder }
  const layer = EnvoyOutputLive.pipe(
    Layer.provide(Layer.succeed(EnvoyRole, role)),
    Layer.provide(LogFilesLive),
    Layer.provide(RunFolderLive),
    Layer.provide(settings({ ...environment, [name]: "a.log" }))
  )
  yield* Effect.forEach(scripts, shell, { discard: true }).pipe(Effect.provide(layer))
  assert.deepStrictEqual(readdirSync(folder), ["a.log"])
  return readFileSync(`${folder}/a.log`, "utf8").split("\n").slice(0, -1)
})

const loggedBy = (...scripts: ReadonlyArray<string>) => loggedAs("main", ...scripts)

describe("what Envoy can open again as /dev/stdout", () => {
  const opened = (path: string, flags: number) =>
    Effect.acquireRelease(
      Effect.sync(() => openSync(path, flags)),
      (descriptor) => Effect.sync(() => closeSync(descriptor))
    )

  it.effect("is a file or FIFO that this user may write to, and stays as it is", () =>
    Effect.gen(function* () {
      shows("output-kind")
      const folder = yield* privateFolder
      writeFileSync(`${folder}/file`, "content")
      assert.isTrue(canBeReopened(yield* opened(`${folder}/file`, constants.O_WRONLY)))
      assert.strictEqual(readFileSync(`${folder}/file`, "utf8"), "content")
      execFileSync("mkfifo", [`${folder}/fifo`])
      const read = yield* opened(`${folder}/fifo`, constants.O_RDONLY | constants.O_NONBLOCK)
      const write = openSync(`${folder}/fifo`, constants.O_WRONLY)
      assert.isTrue(canBeReopened(write))
      assert.isTrue(canBeReopened(read))
      closeSync(write)
    })
  )

  it.effect("is neither a file that this user may only read nor a FIFO without a reader", () =>
    Effect.gen(function* () {
      shows("output-kind")
      const folder = yield* privateFolder
      // A program that runs is open to nobody's writes, root's included: elsewhere this is what another user's file is.
      assert.isFalse(canBeReopened(yield* opened(process.execPath, constants.O_RDONLY)))
      execFileSync("mkfifo", [`${folder}/fifo`])
      const read = openSync(`${folder}/fifo`, constants.O_RDONLY | constants.O_NONBLOCK)
      const write = yield* opened(`${folder}/fifo`, constants.O_WRONLY)
      closeSync(read)
      assert.isFalse(canBeReopened(write))
    })
  )
})

describe("Envoy's output in a log file", () => {
  it.live("has a file of its own where it is the local relay's", () =>
    Effect.gen(function* () {
      shows("APPNET_LOCAL_RELAY_LOG_DESTINATION", "APPNET_LOCAL_RELAY_LOG_FILE_NAME")
      assert.deepStrictEqual(yield* loggedAs("local relay", "echo relay"), ["relay"])
    })
  )

  it.live("has the lines of both outputs, also where the process opens them as /dev/stdout and /dev/stderr", () =>
    Effect.gen(function* () {
      const lines = yield* loggedBy("echo out; echo err >&2; echo again > /dev/stdout; echo again > /dev/stderr")
      assert.deepStrictEqual(lines.toSorted(), ["again", "again", "err", "out"])
    })
  )

  it.live("has every one of 400 000 lines", () =>
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

  it.live("adds a newline to the partial line of a process before the lines of the next", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* loggedBy("printf half", "echo whole")).toSorted(), ["half", "whole"])
    })
  )

  it.live("has what a process writes that Envoy left behind, and does not wait for its end", () =>
    Effect.gen(function* () {
      const pidFile = `${yield* privateFolder}/pid`
      yield* Effect.addFinalizer(() => Effect.sync(() => process.kill(Number(readFileSync(pidFile, "utf8")))))
      const child = `echo $$ > ${pidFile}; echo child; exec sleep 600`
      const lines = yield* loggedBy(`sh -c '${child}' & echo parent`)
      assert.deepStrictEqual(lines.toSorted(), ["child", "parent"])
    })
  )
})
