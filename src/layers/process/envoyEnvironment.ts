import type { BootstrapDocument } from "../../services/Bootstrap.ts"

/**
 * Variables that Envoy does not inherit. The token protects the agent's API, and the image tunes the C library's allocator for the
 * agent alone.
 */
const agentOnly: ReadonlySet<string> = new Set([
  "APPNET_AGENT_ADMIN_TOKEN",
  "MALLOC_ARENA_MAX",
  "MALLOC_MMAP_THRESHOLD_",
  "MALLOC_TRIM_THRESHOLD_"
])

/** Variables that hold AWS credentials, or say where to get some. */
const awsCredentials: ReadonlySet<string> = new Set([
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_ROLE_ARN",
  "AWS_ROLE_SESSION_NAME",
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_CREDENTIAL_FILE",
  "AWS_CREDENTIAL_EXPIRATION"
])

/** A type of Envoy's that takes AWS credentials, or the option of Redis that does. */
const signingPart = /type\.googleapis\.com\/[\w.]*aws|"aws_?iam"/i

/** Whether an Envoy with this bootstrap signs requests for AWS. One of the user's own may, also by what it is sent. */
export const signsForAws = (document: BootstrapDocument): boolean =>
  document._tag === "Custom" || signingPart.test(JSON.stringify(document.value))

/** Where the keys are in the environment, Envoy would ask the instance metadata service all the same, and log errors. */
const withoutInstanceMetadata = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  environment.AWS_ACCESS_KEY_ID && environment.AWS_SECRET_ACCESS_KEY && !environment.AWS_EC2_METADATA_DISABLED
    ? { ...environment, AWS_EC2_METADATA_DISABLED: "true" }
    : environment

/** The environment of an Envoy, made from the agent's. Only one that signs for AWS gets credentials. */
export const envoyEnvironment = (signs = false, environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv => {
  const inherited = Object.fromEntries(
    Object.entries(environment).filter(([name]) => !agentOnly.has(name) && (signs || !awsCredentials.has(name)))
  )
  return withoutInstanceMetadata(inherited)
}
