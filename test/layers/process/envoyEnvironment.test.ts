import { assert, describe, it } from "@effect/vitest"
import { envoyEnvironment, signsForAws } from "../../../src/layers/process/envoyEnvironment.ts"
import type { BootstrapDocument, JsonObject } from "../../../src/services/Bootstrap.ts"
import { shows } from "../../shows.ts"

const generated = (value: JsonObject): BootstrapDocument => ({ _tag: "Generated", value, sources: [], sideFiles: [] })

const key = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" }
const credentials = {
  ...key,
  AWS_SESSION_TOKEN: "t",
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/x",
  AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials",
  AWS_CONTAINER_AUTHORIZATION_TOKEN: "t",
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/token",
  AWS_WEB_IDENTITY_TOKEN_FILE: "/token",
  AWS_ROLE_ARN: "arn:aws:iam::1:role/r",
  AWS_PROFILE: "p",
  AWS_SHARED_CREDENTIALS_FILE: "/credentials"
}
const others = { PATH: "/bin", AWS_REGION: "us-west-2", AWS_EXECUTION_ENV: "AWS_ECS_FARGATE" }

describe("Envoy's environment", () => {
  it("has AWS credentials only where this Envoy signs, and never the agent's own variables", () => {
    shows("token-kept", "credentials-kept")
    const all = { ...others, ...credentials, APPNET_AGENT_ADMIN_TOKEN: "t", MALLOC_ARENA_MAX: "1" }
    assert.deepStrictEqual(envoyEnvironment(false, all), others)
    assert.deepStrictEqual(envoyEnvironment(true, all), {
      ...others,
      ...credentials,
      AWS_EC2_METADATA_DISABLED: "true"
    })
  })

  it("turns instance metadata off where there are keys, unless the user has decided", () => {
    shows("no-instance-metadata")
    const disabled = (environment: NodeJS.ProcessEnv) => envoyEnvironment(true, environment).AWS_EC2_METADATA_DISABLED
    assert.strictEqual(disabled(key), "true")
    assert.strictEqual(disabled({ ...key, AWS_EC2_METADATA_DISABLED: "" }), "true")
    assert.strictEqual(disabled({ ...key, AWS_EC2_METADATA_DISABLED: "false" }), "false")
    assert.isUndefined(disabled({ AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "" }))
    assert.isUndefined(disabled({ AWS_ROLE_ARN: "r", AWS_WEB_IDENTITY_TOKEN_FILE: "/token" }))
  })
})

describe("an Envoy signs", () => {
  it("where its bootstrap has a part for that, also from a file of the user's, or is the user's own", () => {
    shows("credentials-kept")
    const typed = (type: string) => generated({ a: [{ typedConfig: { "@type": `type.googleapis.com/${type}` } }] })
    assert.isTrue(signsForAws(typed("envoy.config.grpc_credential.v3.AwsIamConfig")))
    assert.isTrue(signsForAws(typed("envoy.extensions.filters.http.aws_request_signing.v3.AwsRequestSigning")))
    assert.isTrue(signsForAws(typed("envoy.extensions.filters.http.aws_lambda.v3.Config")))
    assert.isTrue(signsForAws(generated({ protocolOptions: { aws_iam: { region: "us-west-2" } } })))
    assert.isTrue(signsForAws({ _tag: "Custom", path: "/envoy.yaml", text: "" }))
    assert.isFalse(signsForAws(typed("envoy.config.trace.v3.XRayConfig")))
    assert.isFalse(signsForAws(generated({ node: { id: "arn:aws:ecs:r:1:task-set/c/s/x", metadata: { aws: {} } } })))
  })
})
