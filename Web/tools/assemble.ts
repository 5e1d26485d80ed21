/** Puts the page together: every asset gets a name that changes with what it holds, and the one document refers to them. */

const [source, scripts, vendor, target] = Deno.args as [string, string, string, string];
const assets = `${target}/assets`;

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes.slice(0, 8), (one) => one.toString(16).padStart(2, "0")).join("");
}

/** Writes an asset, and gives the name that it can be kept under for ever. */
async function asset(name: string, text: string): Promise<string> {
  const [stem, extension] = name.split(".");
  const file = `${stem}-${await digest(text)}.${extension}`;
  await Deno.writeTextFile(`${assets}/${file}`, text);
  return file;
}

async function files(folder: string, extension: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await files(path, extension));
    else if (entry.name.endsWith(extension)) found.push(path);
  }
  return found.sort();
}

async function together(paths: string[]): Promise<string> {
  return (await Promise.all(paths.map((path) => Deno.readTextFile(path)))).join("\n");
}

/** The modules under flat names. They import each other in circles, so all of them carry the digest of all. */
async function modules(): Promise<string[]> {
  const paths = await files(scripts, ".js");
  const version = await digest(await together(paths));
  const flat = (path: string) => `${path.replace(/\.[jt]s$/, "").replaceAll("/", ".")}-${version}.js`;
  const names: string[] = [];
  for (const path of paths) {
    const own = path.slice(scripts.length + 1);
    const text = (await Deno.readTextFile(path)).replace(
      /^(import [^;]*?from |import |export [^;]*?from )"(\.[^"]+)";$/gm,
      (_, words: string, target: string) => `${words}"./${flat(new URL(target, `file:///${own}`).pathname.slice(1))}";`,
    );
    await Deno.writeTextFile(`${assets}/${flat(own)}`, text);
    names.push(flat(own));
  }
  return names;
}

/** xterm.js and its addons as one file; empty names where they were not fetched. */
async function terminal(): Promise<Record<string, string>> {
  try {
    const script = await together(
      ["xterm.js", "addon-fit.js", "addon-web-links.js"].map((name) => `${vendor}/${name}`),
    );
    return {
      "terminal.js": await asset("terminal.js", script.replace(/^\/\/# sourceMappingURL=.*$/gm, ";")),
      "terminal.css": await asset("terminal.css", await Deno.readTextFile(`${vendor}/xterm.css`)),
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { "terminal.js": "", "terminal.css": "" };
  }
}

await Deno.mkdir(assets, { recursive: true });
const scriptNames = await modules();
const names: Record<string, string> = {
  "main.js": scriptNames.find((name) => name.startsWith("main-")) ?? "",
  "preloads": scriptNames.map((name) => `<link rel="modulepreload" href="/assets/${name}">`).join("\n    "),
  "page.css": await asset("page.css", await together(await files(`${source}/src/style`, ".css"))),
  "icon.svg": await asset("icon.svg", await Deno.readTextFile(`${source}/icon.svg`)),
  ...await terminal(),
};
const document = await Deno.readTextFile(`${source}/index.html`);
await Deno.writeTextFile(
  `${target}/index.html`,
  document.replace(/\{\{([a-z.]+)\}\}/g, (_, name: string) => {
    const found = names[name];
    if (found === undefined) throw new Error(`the page has no asset ${name}`);
    return found;
  }),
);
