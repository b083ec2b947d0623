import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { afterAll, assert, describe, expect, it } from "vitest"
import { parse } from "yaml"
import { envoyPath, objectionsTo, runAgent } from "../e2e/agent.ts"
import { authorityIn } from "../e2e/pki.ts"
import { shows } from "../shows.ts"
import { type Case, cases, type PlacedCase, placeCase } from "./cases.ts"
import { compareBootstraps, expandDeep, firstDifference, mentions } from "./check.mjs"
import { withSideFiles } from "./sideFiles.ts"

const authorityFolder = mkdtempSync(`${tmpdir()}/appnet-parity-`)
afterAll(() => rmSync(authorityFolder, { recursive: true, force: true }))
const trustedRoots = authorityIn(authorityFolder).bundle

const withPlaced = async (testCase: Case, use: (placed: PlacedCase) => Promise<void>) => {
  const placed = await placeCase(testCase)
  try {
    await use(placed)
  } finally {
    await placed.remove()
  }
}

/** A program that answers `--version` as the case's Envoy did; `undefined` if none was recorded. */
const recordedEnvoy = ({ envoyVersion }: Case, { folder }: PlacedCase) => {
  if (envoyVersion === undefined) return undefined
  const path = `${folder}/envoy`
  writeFileSync(path, `#!/bin/sh\nprintf '\\n%s\\n\\n' '${envoyVersion}'\n`, { mode: 0o755 })
  return path
}

const hideConfigPath = (words: ReadonlyArray<string>) =>
  words.map((word, i) => (words[i - 1] === "-c" ? "<config>" : word))

/** In the recorded files an empty text is the same as an absent field. */
const withoutEmptyTexts = (json: string): unknown =>
  JSON.parse(json, (_key, value) => (value === "" ? undefined : value))

const agrees = async (testCase: Case, placed: PlacedCase) => {
  const envoy = recordedEnvoy(testCase, placed)
  const environment = {
    PATH: process.env.PATH ?? "",
    HOME: placed.folder,
    // The cases were recorded with these three.
    APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "0",
    APPNET_CA_BUNDLE: "/etc/pki/tls/cert.pem",
    APPNET_RUNTIME_GUARDS: "all",
    ...placed.environment,
    ...(envoy === undefined ? {} : { APPNET_ENVOY_PATH: envoy })
  }
  const { code, stderr, stdout } = await runAgent(["bootstrap"], environment)
  const { bootstrap, error, mustMention = [], sideFiles = {} } = expandDeep(testCase.expect, placed.variables)
  if (error !== undefined) {
    expect(code, `recorded: ${error}`).not.toBe(0)
    expect(
      mustMention.filter((wanted) => !mentions(stderr, wanted)),
      stderr
    ).toEqual([])
    return
  }
  expect(code, stderr).toBe(0)
  expect(compareBootstraps(bootstrap, parse(stdout))).toBeUndefined()
  if (testCase.envoyArgs !== undefined) {
    const config = JSON.parse((await runAgent(["config", "--json"], environment)).stdout)
    expect(hideConfigPath(config.envoyArguments)).toEqual(hideConfigPath(testCase.envoyArgs))
  }
  for (const [path, content] of Object.entries(sideFiles)) {
    const [wanted, found] = [JSON.stringify(content), readFileSync(path, "utf8")].map(withoutEmptyTexts)
    expect(firstDifference(wanted, found)).toBeUndefined()
  }
}

/** Stock Envoy has no AWS IAM call credentials, so they are removed before it checks an App Mesh bootstrap. */
const withoutIam = (bootstrap: unknown): unknown =>
  JSON.parse(JSON.stringify(bootstrap), (_key, value: unknown) => {
    if (typeof value !== "object" || value === null || !("callCredentials" in value)) return value
    const credentials: { readonly callCredentials: unknown; readonly credentialsFactoryName?: unknown } = value
    const { callCredentials, credentialsFactoryName, ...rest } = credentials
    expect(JSON.stringify([callCredentials, credentialsFactoryName])).toContain("aws_iam")
    return rest
  })

/** Cases whose own file holds something that Envoy refuses. They show how files are merged, and no Envoy ever loaded them. */
const knownObjections: Readonly<Record<string, RegExp>> = {
  "custom-resources-file-replaces-other-keys": /OverloadManagerValidationError.ResourceMonitors/
}

const isAccepted = async (name: string, testCase: Case, placed: PlacedCase) => {
  const { stdout } = await runAgent(["bootstrap"], {
    PATH: process.env.PATH ?? "",
    APPNET_ENVOY_PATH: recordedEnvoy(testCase, placed) ?? envoyPath,
    APPNET_RUN_DIR: placed.folder,
    APPNET_CA_BUNDLE: trustedRoots,
    APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "0",
    ...placed.environment,
    ENVOY_ADMIN_ACCESS_LOG_FILE: "/dev/null"
  })
  expect(await objectionsTo(placed.folder, withoutIam(parse(stdout)))).toMatch(knownObjections[name] ?? /^$/)
}

const withBootstrap = [...cases].filter(([, testCase]) => testCase.expect.bootstrap !== undefined)

describe("the recorded cases", () => {
  it("are all there", () => {
    assert.isAtLeast(cases.size, 100)
    assert.isAtLeast(withBootstrap.length, 75)
  })
})

describe.concurrent("the recorded case", { timeout: 120_000 }, () => {
  it.each([...cases])("%s agrees", (_name, testCase) => {
    shows("recorded-cases", "mode-app-mesh", "mode-service-connect")
    const sideFiles = Object.keys(testCase.expect.sideFiles ?? {})
    return withSideFiles(sideFiles, () => withPlaced(testCase, (placed) => agrees(testCase, placed)))
  })

  it.each(withBootstrap)("%s has a bootstrap that the real Envoy takes", (name, testCase) => {
    shows("valid-for-envoy")
    return withPlaced(testCase, (placed) => isAccepted(name, testCase, placed))
  })
})
