// What scripts/yaml-modules.ts makes of a YAML file.
declare module "*.yaml" {
  import type { TemplateObject } from "./template.ts"

  const content: TemplateObject
  export default content
}
