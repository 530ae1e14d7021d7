/** What is built is an ES module, so that its worker is found beside it. */
export default {
  mode: "production",
  entry: "./main.js",
  experiments: { outputModule: true },
  output: { module: true },
};
