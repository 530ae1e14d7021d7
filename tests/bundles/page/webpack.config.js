/** What is built is an ES module, so that its worker is found beside it; not named `.mjs`, which few hosts know. */
export default {
  mode: "production",
  entry: "./main.js",
  experiments: { outputModule: true },
  output: { module: true, filename: "[name].js", chunkFilename: "[name].js" },
};
