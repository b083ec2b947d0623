import { protoField } from "./protoField.ts"

/** Whether a bootstrap has Envoy open an ADS stream. */
export const usesAds = (bootstrap: unknown): boolean => {
  const config = protoField(protoField(bootstrap, "dynamicResources"), "adsConfig")
  return config !== undefined && config !== null
}

/** The same for a text that cannot be read as a whole: false where it certainly does not. */
export const mayUseAds = (text: string): boolean => text.includes("ads_config") || text.includes("adsConfig")
