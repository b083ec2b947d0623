/** The smallest bootstrap that needs the AWS IAM call credentials. */
const bootstrap = {
  node: { id: "-", cluster: "-" },
  dynamicResources: {
    adsConfig: {
      apiType: "GRPC",
      transportApiVersion: "V3",
      grpcServices: [
        {
          googleGrpc: {
            targetUri: "127.0.0.1:1",
            statPrefix: "ads",
            credentialsFactoryName: "envoy.grpc_credentials.aws_iam",
            callCredentials: [
              {
                fromPlugin: {
                  name: "envoy.grpc_credentials.aws_iam",
                  typedConfig: {
                    "@type": "type.googleapis.com/envoy.config.grpc_credential.v3.AwsIamConfig",
                    region: "us-west-2",
                    serviceName: "appmesh"
                  }
                }
              }
            ]
          }
        }
      ]
    }
  }
}

/** Envoy's arguments by which it ends with 0 if it can sign AWS requests by itself. It touches no network. */
export const awsSigningProbe: ReadonlyArray<string> = [
  "--mode",
  "validate",
  "-l",
  "off",
  "--config-yaml",
  JSON.stringify(bootstrap)
]
