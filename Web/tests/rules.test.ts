import assert from "node:assert/strict";

async function sources(folder: string): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await sources(path));
    else if (entry.name.endsWith(".ts")) found.push([path, await Deno.readTextFile(path)]);
  }
  return found;
}

const all = await sources(new URL("../src", import.meta.url).pathname);

Deno.test("no backend has a name here", () => {
  assert.ok(all.length > 30);
  const names = /bubblewrap|bwrap|docker|podman|vercel|daytona|e2b|firecracker|restricted-host|qemu|wasmtime/i;
  for (const [path, text] of all) assert.doesNotMatch(text, names, path);
});

Deno.test("nothing becomes markup or code", () => {
  const doors =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|setAttribute\("style"/;
  for (const [path, text] of all) assert.doesNotMatch(text, doors, path);
});

Deno.test("everything that the page can say, it says somewhere", async () => {
  const words = await Deno.readTextFile(new URL("../src/words.ts", import.meta.url).pathname);
  const rest = all.filter(([path]) => !path.endsWith("/words.ts")).map(([, text]) => text).join("\n");
  let group = "";
  for (const line of words.split("\n")) {
    group = /^ {2}(\w+): \{$/.exec(line)?.[1] ?? group;
    const name = /^ {4}(\w+):/.exec(line)?.[1];
    // A whole group may be asked by a word of the server's.
    if (name === undefined || rest.includes(`words.${group}[`)) continue;
    assert.match(rest, new RegExp(`words\\.(${group}\\.)?${name}\\b`), `${group}.${name}`);
  }
});
