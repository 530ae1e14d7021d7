/** Thrown where this machine lacks something that a run of the tests can do without, except under CI. */
export class Unavailable extends Error {}
