import type { Path } from "./types.ts";

function bytesOf(path: Path): Uint8Array {
  if (typeof path === "string") return new TextEncoder().encode(path);
  return Uint8Array.from(atob(path.base64), (character) => character.charCodeAt(0));
}

/** For people: what is no text shows as replacement characters, and control characters show. */
export function pathText(path: Path): string {
  const text = typeof path === "string" ? path : new TextDecoder().decode(bytesOf(path));
  return harmless(text);
}

/** Shows what would act: control characters, and those that turn the direction of writing. */
export function harmless(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** For a query: every byte that is not plain is escaped. */
export function pathQuery(path: Path): string {
  return Array.from(bytesOf(path), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_.~/-]/.test(character) ? character : "%" + byte.toString(16).padStart(2, "0").toUpperCase();
  }).join("");
}

/** An entry's path below a directory. */
export function joined(directory: Path, name: Path): Path {
  if (typeof directory === "string" && typeof name === "string") {
    return directory === "" || directory === "." ? name : `${directory.replace(/\/$/, "")}/${name}`;
  }
  const bytes = [...bytesOf(directory), 0x2f, ...bytesOf(name)];
  return { base64: btoa(String.fromCharCode(...(bytesOf(directory).length === 0 ? bytesOf(name) : bytes))) };
}

/** The last step of a path. */
export function lastStep(path: Path): Path {
  if (typeof path === "string") return path.replace(/\/$/, "").split("/").pop() ?? path;
  const bytes = bytesOf(path);
  const slash = bytes.lastIndexOf(0x2f);
  return { base64: btoa(String.fromCharCode(...bytes.slice(slash + 1))) };
}
