import { writeFileSync } from "node:fs"
import { settingsDocument } from "../src/layers/config/settingsDocument.ts"
import { collectClaims } from "../test/coverage/collect.ts"
import { coverageDocument } from "../test/coverage/document.ts"

const write = (name: string, text: string) => writeFileSync(new URL(`../docs/${name}.md`, import.meta.url), text)

write("settings", settingsDocument())
write("coverage", coverageDocument(collectClaims()))
