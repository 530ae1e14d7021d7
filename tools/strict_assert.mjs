/** Loaded before the documentation's examples: a false `console.assert()` fails them; by itself it only prints. */
console.assert = (condition, ...message) => {
  if (!condition) throw new Error(["Assertion failed", ...message].join(" "));
};
