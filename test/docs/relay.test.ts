import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import { chooseMode } from "../../src/layers/bootstrap/mode/chooseMode.ts"
import { unusedSettings } from "../../src/layers/bootstrap/mode/unusedSettings.ts"
import { decodeEnvironment, settingNames } from "../../src/layers/config/decode.ts"
import { agents, blocks, isFields, json, listOf, page, within, yaml } from "./relay.ts"

const user = 65534

const decoded = (environment: Readonly<Record<string, string>>) =>
  Result.match(decodeEnvironment(environment, user), {
    onFailure: (problems) => ({ problems, warnings: [], unused: [], mode: "none" }),
    onSuccess: ({ inForce, settings, warnings }) => {
      const { mode } = chooseMode(settings)
      return { problems: [], warnings, unused: unusedSettings([mode], inForce), mode }
    }
  })

/** The host's path of a socket in a container. */
const onHost = (path: string, mounts: unknown, volumes: unknown): string | undefined => {
  for (const mount of listOf(mounts)) {
    const folder = `${mount.containerPath ?? mount.mountPath}`
    if (!path.startsWith(`${folder}/`)) continue
    const volume = listOf(volumes).find(({ name }) => name === (mount.sourceVolume ?? mount.name))
    const host = volume?.host ?? volume?.hostPath
    if (isFields(host)) return `${host.sourcePath ?? host.path}${path.slice(folder.length)}`
  }
  return undefined
}

/** The relay's socket and the workload's endpoint in one platform's examples, as paths on the host. */
const socketsOf = (documents: ReadonlyArray<unknown>): ReadonlyArray<string | undefined> =>
  within(documents)
    .filter(({ volumes }) => volumes !== undefined)
    .flatMap((pod) =>
      within(pod).flatMap((container) =>
        listOf(container.environment ?? container.env).flatMap(({ name, value }) =>
          name === "APPNET_RELAY_LISTENER_UDS_PATH" || name === "APPMESH_XDS_ENDPOINT"
            ? [onHost(`${value}`.replace("unix://", ""), container.mountPoints ?? container.volumeMounts, pod.volumes)]
            : []
        )
      )
    )

describe("docs/relay.md", () => {
  it("has examples of a relay and a workload on ECS and on Kubernetes", () => {
    expect(agents.map(({ environment, name }) => [name, decoded(environment).mode])).toEqual([
      ["relay on ECS", "relay"],
      ["envoy on ECS", "service connect"],
      ["relay on Kubernetes", "relay"],
      ["envoy on Kubernetes", "service connect"]
    ])
    expect(yaml.map((document) => isFields(document) && document.kind)).toEqual(["ServiceAccount", "DaemonSet", "Pod"])
    expect(blocks("sh").length).toBeGreaterThan(0)
  })

  for (const { container, environment, name } of agents) {
    it(`the example of the ${name} has settings that are known, valid and used`, () => {
      const { mode: _, ...wrong } = decoded(environment)
      expect(wrong).toEqual({ problems: [], warnings: [], unused: [] })
      for (const variable of Object.keys(environment)) expect([...settingNames, "AWS_REGION"]).toContain(variable)
      expect(JSON.stringify(container)).toMatch(/"65534(:65534)?"|"runAsUser":65534/)
    })
  }

  it("names no variable that is not a setting", () => {
    const names = page.match(/\b(APPNET|ENVOY|APPMESH|RELAY|LISTENER|HC)_[A-Z0-9_]+\b/g) ?? []
    expect(names.length).toBeGreaterThan(20)
    // These are arguments of the Dockerfile.
    const dockerfileArguments = ["ENVOY_IMAGE", "ENVOY_BINARY"]
    expect(names.filter((name) => ![...settingNames, ...dockerfileArguments].includes(name))).toEqual([])
  })

  it("gives relay and workload the same socket on the host", () => {
    for (const documents of [json, yaml]) {
      expect(socketsOf(documents)).toEqual(["/run/appnet-relay/xds.sock", "/run/appnet-relay/xds.sock"])
    }
  })

  it("runs the relay on each host: as a daemon service of that task, and as a DaemonSet with matching labels", () => {
    const [task, service] = json
    expect(service).toMatchObject({ schedulingStrategy: "DAEMON", taskDefinition: isFields(task) && task.family })
    const [account, daemons] = yaml
    const labels = { app: "appnet-relay" }
    expect(account).toMatchObject({ metadata: { name: "appnet-relay" } })
    expect(daemons).toMatchObject({
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { serviceAccountName: "appnet-relay" } }
      }
    })
  })

  it("gives a stop more time than the drain takes", () => {
    for (const { container, environment, name } of agents) {
      const drain = Number(environment.LISTENER_DRAIN_WAIT_TIME_S)
      const pod = within(yaml).find(({ containers, initContainers }) =>
        [...listOf(containers), ...listOf(initContainers)].includes(container)
      )
      expect(Number(container.stopTimeout ?? pod?.terminationGracePeriodSeconds), name).toBeGreaterThan(drain + 3)
    }
  })

  it("links to files and headings that exist", async () => {
    const { existsSync, readFileSync } = await import("node:fs")
    const links = [...page.matchAll(/\]\(([^)#]+)(?:#([^)]+))?\)/g)]
    expect(links.length).toBeGreaterThan(0)
    for (const [, file = "", heading] of links) {
      const path = new URL(`../../docs/${file}`, import.meta.url)
      expect(existsSync(path), file).toBe(true)
      if (heading !== undefined) expect(readFileSync(path, "utf8").toLowerCase()).toMatch(`# ${heading}`)
    }
  })
})
