import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { constants } from "node:os"
import { Deferred, Effect, Layer, Option } from "effect"
import { Bootstrap, BootstrapFile } from "../../services/Bootstrap.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyBinary } from "../../services/EnvoyBinary.ts"
import { EnvoyLauncher, EnvoyLaunchFailed, type LaunchedEnvoy, type ProcessExit } from "../../services/EnvoyLauncher.ts"
import { EnvoyOutput } from "../../services/EnvoyOutput.ts"
import { EnvoyRole } from "../../services/EnvoyRole.ts"
import { EnvoyWrapper } from "../../services/EnvoyWrapper.ts"
import { removeDeadSocket } from "./deadSocket.ts"
import { envoyArguments, hotRestartArguments } from "./envoyArguments.ts"
import { envoyEnvironment } from "./envoyEnvironment.ts"
import { parseProcStat } from "./procStat.ts"

/** Linux's on every machine that Envoy is built for, but for some arm64 kernels with larger pages. */
const pageSize = 4096

/** A base id whose shared memory no Envoy of this host holds. */
const freeBaseId = Effect.sync(() => {
  let id = process.pid
  while (fs.existsSync(`/dev/shm/envoy_shared_memory_${id * 10}`)) id += 1
  return id
})

const toExit = (code: number | null, signal: NodeJS.Signals | null): ProcessExit =>
  signal === null
    ? { _tag: "Code", code: code ?? 0 }
    : { _tag: "Signal", name: signal, number: constants.signals[signal] }

const isGone = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

const send = (child: ChildProcess, name: "SIGTERM" | "SIGKILL") =>
  Effect.sync(() => {
    if (!isGone(child)) child.kill(name)
  })

/** Ends what a script in Envoy's place has left behind: Envoy leads a process group of its own. */
const endOrphans = (pid: number | undefined) =>
  pid === undefined ? Effect.void : Effect.ignore(Effect.try(() => process.kill(-pid, "SIGKILL")))

/** Looks at a process many times a second, so its file stays open; at its end a look finds nothing. */
const samplerOf = Effect.fnUntraced(function* (pid: number) {
  const buffer = Buffer.alloc(1024)
  const descriptor = yield* Effect.acquireRelease(
    Effect.option(Effect.try(() => fs.openSync(`/proc/${pid}/stat`, "r"))),
    Option.match({ onNone: () => Effect.void, onSome: (open) => Effect.sync(() => fs.closeSync(open)) })
  )
  return Option.match(descriptor, {
    onNone: () => Effect.succeedNone,
    onSome: (open) =>
      Effect.try(() => buffer.toString("latin1", 0, fs.readSync(open, buffer, 0, buffer.length, 0))).pipe(
        Effect.map((text) => parseProcStat(text, pageSize)),
        Effect.catch(() => Effect.succeedNone)
      )
  })
})

export const EnvoyLauncherLive = Layer.effect(
  EnvoyLauncher,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const binary = yield* EnvoyBinary
    const output = yield* EnvoyOutput
    const bootstrap = yield* BootstrapFile
    const { admin, document } = yield* Bootstrap
    const role = yield* EnvoyRole
    const wrapper = yield* EnvoyWrapper
    // Envoy leaves its sockets behind.
    const isRelay = settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS && document._tag === "Generated"
    for (const path of [
      ...(admin._tag === "Unix" ? [admin.path] : []),
      ...(isRelay ? [settings.APPNET_RELAY_LISTENER_UDS_PATH] : [])
    ]) {
      yield* Effect.addFinalizer(() => removeDeadSocket(path))
    }
    // Asked once for all starts, while the layers above this one are still being built.
    const ground = yield* Effect.cached(
      Effect.all(
        {
          path: binary.path,
          wrapper: wrapper.words,
          baseId: freeBaseId
        },
        { concurrency: "unbounded" }
      )
    )
    yield* Effect.forkScoped(Effect.ignore(ground))
    const environment = envoyEnvironment()

    const launch = Effect.gen(function* () {
      const { path, wrapper, baseId } = yield* ground
      const { stdout, stderr } = yield* Effect.mapError(
        output.open,
        (error) => new EnvoyLaunchFailed({ path, problem: error.message })
      )
      const [command = path, ...words] = [
        ...wrapper,
        path,
        ...envoyArguments(settings, bootstrap.path, role),
        ...hotRestartArguments(settings, baseId, role)
      ]
      const exit = yield* Deferred.make<ProcessExit>()
      const child = yield* Effect.acquireRelease(
        Effect.callback<ChildProcess, EnvoyLaunchFailed>((resume) => {
          // A session of its own: Ctrl-C on a terminal reaches the agent alone, which then drains.
          const child = spawn(command, words, { stdio: ["ignore", stdout, stderr], env: environment, detached: true })
          child.once("spawn", () => resume(Effect.succeed(child)))
          child.once("error", (error) => resume(Effect.fail(new EnvoyLaunchFailed({ path, problem: error.message }))))
          child.once("exit", (code, signal) => Deferred.doneUnsafe(exit, Effect.succeed(toExit(code, signal))))
        }),
        (child) =>
          Effect.andThen(send(child, "SIGKILL"), Deferred.await(exit)).pipe(Effect.andThen(endOrphans(child.pid)))
      )
      const pid = child.pid ?? 0
      return {
        pid,
        exit: Deferred.await(exit),
        signal: (name) => send(child, name),
        sample: yield* samplerOf(pid)
      } satisfies LaunchedEnvoy
    })

    return EnvoyLauncher.of({ launch })
  })
)
