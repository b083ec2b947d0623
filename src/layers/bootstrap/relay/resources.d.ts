// A YAML file is imported as data: see scripts/yaml-modules.mjs.
declare module "*.yaml" {
  import type { TemplateObject } from "./template.ts"

  const content: TemplateObject
  export default content
}
