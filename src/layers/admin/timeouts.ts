/** Of what the health monitor asks, from the request to the end of the answer. */
export const probeTimeout = "2 seconds"
/** Of each attempt of a control call. */
export const controlTimeout = "250 millis"
/** Of stats and of what else is large: until the answer begins, and then of each part of it. */
export const statsTimeout = "5 seconds"
