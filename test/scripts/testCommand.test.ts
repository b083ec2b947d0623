// scripts/test.ts, with programs in place of npm, vitest and the Envoys.
import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { privateFolder, root } from "../e2e/agent.ts"

interface Fakes {
  /** The version that the failing tests are of. */
  readonly failing?: string
}

/** A copy of the script, in which vitest notes its arguments and Envoy, and has 3 passed tests, and 1 failed one where it fails. */
const setUp = ({ failing = "none" }: Fakes = {}) => {
  const folder = privateFolder()
  for (const name of ["scripts", "bin"]) mkdirSync(`${folder}/${name}`)
  copyFileSync(`${root}scripts/test.ts`, `${folder}/scripts/test.ts`)
  const program = (path: string, text: string) =>
    writeFileSync(`${folder}/${path}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  for (const version of ["1.36.4", "1.40.0"])
    program(`envoy-${version}`, `echo; echo "${folder}/envoy  version: 0/${version}/Clean/RELEASE/BoringSSL"`)
  program(
    "scripts/envoy.sh",
    `case "\${1:-1.40}" in
      --versions) printf '1.36.4\\n1.40.0\\n';;
      1.36*) echo ${folder}/envoy-1.36.4;;
      1.40*) echo ${folder}/envoy-1.40.0;;
      *) echo "Envoy $1 is not pinned" >&2; exit 1;;
    esac`
  )
  program("scripts/image-requirements.sh", "")
  program("bin/npm", "exit 0")
  program(
    "bin/vitest",
    `failed=0
    case $APPNET_ENVOY_PATH in *${failing}) failed=1;; esac
    echo "$APPNET_ENVOY_PATH $*" >> ${folder}/runs
    for word; do case $word in --outputFile.json=*)
      echo '{"numPassedTests": 3, "numFailedTests": '$failed', "numFailedTestSuites": '$failed'}' > "\${word#*=}";;
    esac; done
    exit $failed`
  )
  return {
    folder,
    run: (...words: ReadonlyArray<string>) => {
      const env = { PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder }
      const { status, stderr, stdout } = spawnSync(process.execPath, [`${folder}/scripts/test.ts`, ...words], {
        encoding: "utf8",
        env
      })
      return { code: status, lines: stdout.trim().split("\n"), stderr }
    },
    /** For each run of vitest the version of Envoy, and the arguments behind the reporters'. */
    runs: () =>
      readFileSync(`${folder}/runs`, "utf8")
        .trim()
        .split("\n")
        .map((line) => line.replace(/^\S*envoy-(\S+) .* --outputFile\S+ ?/, "$1: "))
  }
}

describe("npm test", () => {
  it("says which Envoy it used, and how many tests passed", () => {
    const { folder, run, runs } = setUp()
    const { code, lines } = run("test/layers")
    expect(code).toBe(0)
    expect(lines.slice(-3)).toEqual([
      `With Envoy 1.40.0 (${folder}/envoy-1.40.0): 3 passed, 0 failed`,
      "Not run: the image's tests, which need root and Debian packages (npm run test:image)",
      "3 passed, 0 failed"
    ])
    expect(runs()).toEqual(["1.40.0: test/layers"])
  })
})

describe("npm run test:envoys", () => {
  it("runs the tests that Envoy decides with each version, and adds up what passed", () => {
    const { folder, run, runs } = setUp()
    const { code, lines } = run("--envoys")
    expect(code).toBe(0)
    expect(lines.slice(-3)).toEqual([
      `With Envoy 1.36.4 (${folder}/envoy-1.36.4): 3 passed, 0 failed`,
      `With Envoy 1.40.0 (${folder}/envoy-1.40.0): 3 passed, 0 failed`,
      "6 passed, 0 failed"
    ])
    expect(runs()).toEqual(["1.36.4: test/e2e test/parity", "1.40.0: test/e2e test/parity"])
  })

  it("fails if the tests of one version fail, and says which one", () => {
    const { folder, run } = setUp({ failing: "1.36.4" })
    const { code, lines } = run("--envoys")
    expect(code).toBe(1)
    expect(lines.slice(-3)).toEqual([
      `With Envoy 1.36.4 (${folder}/envoy-1.36.4): 3 passed, 1 failed`,
      `With Envoy 1.40.0 (${folder}/envoy-1.40.0): 3 passed, 0 failed`,
      "6 passed, 1 failed"
    ])
  })

  it("takes versions and arguments for vitest", () => {
    const { run, runs } = setUp()
    expect(run("--envoys", "1.36", "test/e2e/relay.test.ts", "--bail", "1").code).toBe(0)
    expect(runs()).toEqual(["1.36.4: test/e2e/relay.test.ts --bail 1"])
  })

  it("fails before it runs anything if a version is not pinned", () => {
    const { run } = setUp()
    const { code, lines, stderr } = run("--envoys", "1.36", "1.35")
    expect(code).toBe(1)
    expect(stderr).toContain("Envoy 1.35 is not pinned")
    expect(lines.at(-1)).toBe("0 passed, 1 failed")
  })
})
