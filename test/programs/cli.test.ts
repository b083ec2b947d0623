import { existsSync, readFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Option, Runtime } from "effect"
import { CliConfig, CliOutput, Command, type HelpDoc, TerminalCapabilities } from "effect/cli"
import { TestConsole } from "effect/testing"
import { CommandDetails, documents } from "../../src/layers/commandLine/CommandDetails.ts"
import { builtInFlags } from "../../src/layers/commandLine/globalFlags.ts"
import { settingNames } from "../../src/layers/config/decode.ts"
import { agentCommand, cli } from "../../src/programs/cli.ts"
import { shows } from "../shows.ts"

const plainTerminal = { canColor: false, canAnimate: false, canPrompt: false }

/** What a command line prints, and its exit code. */
const run = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const before = { out: (yield* TestConsole.logLines).length, err: (yield* TestConsole.errorLines).length }
  const exit = yield* Effect.exit(
    Effect.provideService(cli("1.2.3", words), TerminalCapabilities.TerminalCapabilities, plainTerminal)
  )
  const code = Exit.isSuccess(exit) ? 0 : Runtime.getErrorExitCode(yield* Effect.flip(exit))
  const stdout = (yield* TestConsole.logLines).slice(before.out).join("\n")
  const stderr = (yield* TestConsole.errorLines).slice(before.err).join("\n")
  return { code, stdout, stderr }
})

const commandNames = agentCommand.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name))
const commandLines: ReadonlyArray<ReadonlyArray<string>> = [[], ...commandNames.map((name) => [name])]

/** The help of a command as data. */
const helpDocOf = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const docs: Array<HelpDoc.HelpDoc> = []
  const presenter: CliOutput.Presenter = {
    present: (event) => Effect.sync(() => void (event._tag === "Help" && docs.push(event.helpDoc)))
  }
  yield* Command.runWith(agentCommand, { version: "1.2.3" })([...words, "--help"]).pipe(
    Effect.provideService(CliOutput.Presenter, presenter),
    Effect.provideService(CliConfig.CliConfig, { builtIns: builtInFlags }),
    Effect.provide(NodeServices.layer)
  )
  const [doc] = docs
  return doc ?? assert.fail(`no help of ${words.join(" ")}`)
})

const root = new URL("../../", import.meta.url)

describe("the command line", () => {
  it.effect("says on one line what is wrong, and on the next how to get help", () =>
    Effect.gen(function* () {
      shows("usage-errors")
      const levels = "trace, debug, info, warning, error, critical, off"
      const cases: ReadonlyArray<readonly [words: string, line: string, help?: string]> = [
        ["statsu", 'unknown command "statsu": did you mean "status" or "stats"?'],
        ["bootstarp --explain", 'unknown command "bootstarp": did you mean "bootstrap"?'],
        ["loglevel debug", 'unknown command "loglevel": did you mean "log-level"?'],
        ["help", 'unknown command "help": did you mean "--help"?'],
        ["xyzzyplugh", 'unknown command "xyzzyplugh"'],
        ["--version=x", 'invalid value "x" for --version: expected one of true, yes, on, 1, y, false, no, off, 0, n'],
        ["--status", 'unknown flag "--status": did you mean "status"?'],
        ["--log-level debug", 'unknown flag "--log-level": did you mean "log-level"?'],
        ["--loglevel debug", 'unknown flag "--loglevel": did you mean "--logLevel"?'],
        ["--wizard", 'unknown flag "--wizard": the flags of a command go after the command'],
        ["--logLevel", 'flag "--logLevel" needs a value: level'],
        ["--completions", 'flag "--completions" needs a value: one of bash, zsh, fish'],
        ["--completions tcsh", 'invalid value "tcsh" for --completions: expected one of bash, zsh, fish'],
        ["--json status", 'flag "--json" belongs after the command: appnet-agent status --json', "status"],
        ["status --jsn", 'unknown flag "--jsn": did you mean "--json"?', "status"],
        ["status --xyzzy", 'unknown flag "--xyzzy": "status" takes --json, --watch', "status"],
        ["run --xyzzy", 'unknown flag "--xyzzy": "run" takes no flags', "run"],
        ["status now", 'unexpected argument "now"; usage: appnet-agent status [flags]', "status"],
        ["log-level", `missing argument <level>: one of ${levels}; warn means warning`, "log-level"],
        ["log-level ", `<level> needs a value: one of warn, ${levels}`, "log-level"],
        ["log-level LOUD", `invalid value "LOUD" for <level>: expected one of warn, ${levels}`, "log-level"],
        ["log-level loud", `invalid value "loud" for <level>: expected one of warn, ${levels}`, "log-level"],
        ["stats --filter x", 'invalid value "x" for --filter: expected metrics_extension', "stats"],
        ["ready --timeout", 'flag "--timeout" needs a value: seconds', "ready"],
        ["ready --timeout x", 'invalid value "x" for --timeout: expected a number of seconds, 0 or more', "ready"],
        ["ready --interval=-1", 'invalid value "-1" for --interval: expected a number of seconds, 0 or more', "ready"],
        ["ready --timeout 1 --timeout 2", 'flag "--timeout" is given more than once', "ready"]
      ]
      for (const [words, line, command] of cases) {
        const path = ["appnet-agent", ...(command === undefined ? [] : [command])].join(" ")
        const stderr = `${line}\nRun "${path} --help" for help.`
        assert.deepStrictEqual(yield* run(words.split(" ")), { code: 1, stdout: "", stderr }, words)
      }
    })
  )

  it.effect("echoes no control character of an argument", () =>
    Effect.gen(function* () {
      shows("usage-errors")
      const raw = "\u001b[31m\r\n\u009b"
      const shown = "\\u001b[31m\\r\\n\\u009b"
      for (const words of [[raw], ["status", raw], [`--${raw}`], ["log-level", raw], ["ready", "--timeout", raw]]) {
        const { stderr } = yield* run(words)
        assert.include(stderr, shown)
        assert.notMatch(stderr, /[^\P{Cc}\n]/u)
      }
    })
  )

  it.effect("has no flag with the name of a command", () =>
    Effect.gen(function* () {
      shows("flag-names")
      for (const words of commandLines) {
        const doc = yield* helpDocOf(words)
        const flags = [...doc.flags, ...(doc.globalFlags ?? [])]
        assert.isNotEmpty(flags)
        const names = flags.flatMap(({ aliases, name }) => [name, ...aliases]).map((name) => name.replace(/^-+/, ""))
        assert.deepStrictEqual(
          names.filter((name) => commandNames.includes(name)),
          [],
          words.join(" ")
        )
      }
    })
  )

  it.effect("prints the version alone", () =>
    Effect.gen(function* () {
      shows("help-version-completions")
      for (const word of ["--version", "-v"]) {
        assert.deepStrictEqual(yield* run([word]), { code: 0, stdout: "appnet-agent v1.2.3", stderr: "" })
      }
    })
  )

  it.effect("prints a completion script alone, with every command", () =>
    Effect.gen(function* () {
      shows("help-version-completions")
      for (const shell of ["bash", "zsh", "fish"]) {
        const { code, stderr, stdout } = yield* run(["--completions", shell])
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
        for (const name of commandNames) assert.include(stdout, name)
      }
    })
  )
})

describe("help", () => {
  it.effect("fits in 80 columns, and goes to stdout alone", () =>
    Effect.gen(function* () {
      shows("help-version-completions")
      for (const words of commandLines) {
        for (const flag of ["--help", "-h"]) {
          const { code, stderr, stdout } = yield* run([...words, flag])
          assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
          for (const line of stdout.split("\n")) assert.isAtMost(line.length, 80, line)
        }
      }
    })
  )

  it.effect("of the agent has every command and global flag, examples, and where all settings are", () =>
    Effect.gen(function* () {
      shows("help-version-completions")
      const { stdout } = yield* run(["--help"])
      for (const name of commandNames) assert.match(stdout, new RegExp(`^  ${name} +\\w`, "m"))
      for (const flag of ["-h, --help", "-v, --version", "--completions", "--logLevel", "--envoyConfigPath"]) {
        assert.include(stdout, `  ${flag} `)
      }
      assert.match(stdout, /^EXAMPLES\n {2}# .+\n {2}\w/m)
      assert.include(stdout, "`appnet-agent config`")
      assert.include(stdout, "docs/settings.md")
    })
  )

  it.effect("of a command has its flags, variables, exit codes and documents", () =>
    Effect.gen(function* () {
      shows("help-version-completions")
      for (const name of commandNames) {
        const doc = yield* helpDocOf([name])
        const details = Option.getOrThrow(Context.getOption(doc.annotations, CommandDetails))
        const { stdout } = yield* run([name, "--help"])
        for (const flag of doc.flags) assert.include(stdout, `  --${flag.name} `)
        for (const variable of details.variables) assert.match(stdout, new RegExp(`^  ${variable}( |$)`, "m"))
        for (const code of Object.keys(details.exitCodes)) assert.match(stdout, new RegExp(`^  ${code} +\\w`, "m"))
        for (const document of details.documents) assert.include(stdout, `  ${document} `)
        assert.isNotEmpty(Object.keys(details.exitCodes))
        assert.isNotEmpty(details.documents)
      }
    })
  )

  it.effect("of status names the variables by which it finds the agent", () =>
    Effect.gen(function* () {
      const { stdout } = yield* run(["status", "--help"])
      assert.deepStrictEqual(
        settingNames.filter((name) => stdout.includes(`  ${name} `)),
        [
          "APPNET_AGENT_ADMIN_MODE",
          "APPNET_AGENT_HTTP_PORT",
          "APPNET_AGENT_HTTP_BIND_ADDRESS",
          "APPNET_AGENT_ADMIN_UDS_PATH",
          "APPNET_AGENT_ADMIN_TOKEN"
        ]
      )
    })
  )

  it("leads to documents that the npm package ships", () => {
    const { files } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"))
    assert.include(files, "docs")
    for (const path of Object.keys(documents)) assert.isTrue(existsSync(new URL(path, root)), path)
  })
})
