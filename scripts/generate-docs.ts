import { writeFileSync } from "node:fs"
import { settingsDocument } from "../src/layers/config/document.ts"

writeFileSync(new URL("../docs/settings.md", import.meta.url), settingsDocument())
