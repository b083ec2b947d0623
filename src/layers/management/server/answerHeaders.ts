/** On every answer, also on those that Node gives by itself. */
export const answerHeaders = { "x-content-type-options": "nosniff", "cache-control": "no-store" } as const
