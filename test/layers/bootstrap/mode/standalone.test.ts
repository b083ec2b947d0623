import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { shows } from "../../../shows.ts"
import { type Environment, generatedOf, problemsOf, withFiles } from "../harness.ts"

describe("standalone mode", () => {
  const standalone: Environment = { APPNET_XDS_MODE: "grpc", APPMESH_XDS_ENDPOINT: "xds.example.com:18000" }

  it.effect("needs no AWS: the node is named after the host, and has no platform metadata", () =>
    Effect.gen(function* () {
      shows("standalone-no-aws")
      const task = Effect.die("asked for the task")
      const { value } = yield* generatedOf(
        { ...standalone, ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4/1" },
        { task, instance: task }
      )
      assert.deepStrictEqual(value.node, { id: "task-host", cluster: "task-host" })
      assert.notInclude(JSON.stringify(value), "channelCredentials")
    })
  )

  it.effect("uses certificates and a token from files, and checks the server's name", () =>
    Effect.gen(function* () {
      shows("APPNET_NODE_ID", "APPNET_NODE_CLUSTER", "APPNET_XDS_SNI", "APPNET_CA_BUNDLE")
      const DIR = yield* withFiles({ ca: "", cert: "", key: "", token: "t0ken" })
      const { value } = yield* generatedOf({
        ...standalone,
        APPNET_XDS_MODE: "mtls",
        APPNET_NODE_ID: "node-1",
        APPNET_NODE_CLUSTER: "cart",
        APPNET_CA_BUNDLE: `${DIR}/ca`,
        APPNET_XDS_CLIENT_CERT_FILE: `${DIR}/cert`,
        APPNET_XDS_CLIENT_KEY_FILE: `${DIR}/key`,
        APPNET_XDS_TOKEN_FILE: `${DIR}/token`,
        APPNET_XDS_SNI: "control-plane"
      })
      assert.deepStrictEqual(value.node, { id: "node-1", cluster: "cart" })
      const text = JSON.stringify(value)
      const ssl = { rootCerts: { filename: `${DIR}/ca` }, certChain: { filename: `${DIR}/cert` } }
      assert.include(text, JSON.stringify({ sslCredentials: { ...ssl, privateKey: { filename: `${DIR}/key` } } }))
      assert.include(text, '"grpc.ssl_target_name_override":{"stringValue":"control-plane"}')
      assert.include(
        text,
        `"secretData":{"filename":"${DIR}/token"},"headerKey":"authorization","headerPrefix":"Bearer "`
      )
      assert.notInclude(text, "t0ken")
    })
  )

  it.effect("refuses a credential that has no end, or is too large to be one", () =>
    Effect.gen(function* () {
      shows("credential-files")
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-credentials-`)),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const large = `${folder}/large.pem`
      writeFileSync(large, "")
      truncateSync(large, 8 * 1024 * 1024 + 1)
      const tooLarge = "the file is larger than 8388608 bytes, which is the limit"
      const mutual = yield* problemsOf({
        ...standalone,
        APPNET_XDS_MODE: "mtls",
        APPNET_CA_BUNDLE: "/dev/zero",
        APPNET_XDS_TOKEN_FILE: large,
        APPNET_XDS_CLIENT_CERT_FILE: large,
        APPNET_XDS_CLIENT_KEY_FILE: "/dev/zero"
      })
      assert.deepStrictEqual(mutual, [
        "APPNET_CA_BUNDLE=/dev/zero is not a regular file",
        `APPNET_XDS_TOKEN_FILE=${large} ${tooLarge}`,
        `APPNET_XDS_CLIENT_CERT_FILE=${large} ${tooLarge}`,
        "APPNET_XDS_CLIENT_KEY_FILE=/dev/zero is not a regular file"
      ])
      const appMesh = { APPMESH_RESOURCE_ARN: "arn:aws:appmesh:eu-west-1:123:mesh/m/virtualNode/n" }
      for (const mode of [appMesh, { APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1" }]) {
        const found = yield* problemsOf({ ...mode, AWS_REGION: "eu-west-1", APPNET_CA_BUNDLE: "/dev/zero" })
        assert.deepStrictEqual(found, ["APPNET_CA_BUNDLE=/dev/zero is not a regular file"])
      }
    })
  )

  it.effect("names what is missing", () =>
    Effect.gen(function* () {
      assert.match(
        `${yield* problemsOf({ APPNET_XDS_MODE: "tls" })}`,
        /^APPMESH_XDS_ENDPOINT is not set: expected host:port/
      )
      assert.match(`${yield* problemsOf({ ...standalone, APPMESH_XDS_ENDPOINT: "xds" })}`, /expected host:port/)
      const mutual = yield* problemsOf({ ...standalone, APPNET_XDS_MODE: "mtls", APPNET_CA_BUNDLE: "/nonexistent" })
      assert.deepStrictEqual(mutual, [
        "APPNET_XDS_CLIENT_CERT_FILE is not set: APPNET_XDS_MODE=mtls needs it",
        "APPNET_XDS_CLIENT_KEY_FILE is not set: APPNET_XDS_MODE=mtls needs it",
        "APPNET_CA_BUNDLE=/nonexistent does not exist"
      ])
      const folder = yield* problemsOf({ ...standalone, APPNET_XDS_MODE: "tls", APPNET_CA_BUNDLE: "/tmp" })
      assert.deepStrictEqual(folder, ["APPNET_CA_BUNDLE=/tmp is not a regular file"])
      const open = yield* problemsOf({ ...standalone, APPNET_XDS_TOKEN_FILE: "/etc/hostname" })
      assert.match(`${open}`, /APPNET_XDS_TOKEN_FILE=\/etc\/hostname cannot be used with APPNET_XDS_MODE=grpc/)
    })
  )
})
