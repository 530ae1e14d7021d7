/** A web server for the files of a folder, as any static host is one. */
const TYPES: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript" };

/** Where they are, and how that ends. */
export interface FilesServer {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a folder on a free port. */
export function serveFiles(folder: string): FilesServer {
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => answer(folder, url));
  return { url: `http://127.0.0.1:${http.addr.port}`, close: () => http.shutdown() };
}

async function answer(folder: string, url: string): Promise<Response> {
  const path = new URL(url).pathname.replace(/\/$/, "/index.html");
  const body = await Deno.readFile(`${folder}${path}`).catch(() => undefined);
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  return body === undefined
    ? new Response(null, { status: 404 })
    : new Response(body, { headers: { "content-type": type } });
}
