import { address, APIError, ask, send } from "./http.ts";
import { lines } from "./lines.ts";
import { pathQuery } from "./path.ts";
import type * as api from "./types.ts";
import { words } from "../words.ts";

/** The operations of the API that the page uses, by their names in the document. */

/** Of each list in a report of changes. */
const mostEntries = 1000;

const session = (id: string) => `/v1/sessions/${encodeURIComponent(id)}`;
const exec = (id: string, name: string) => `${session(id)}/execs/${encodeURIComponent(name)}`;

const conflict = (id: string, name: string) => `${session(id)}/conflicts/${encodeURIComponent(name)}`;

export const calls = {
  health: () => ask<{ status: string; version: string }>("/v1/health"),
  usage: () => ask<api.Usage>("/v1/usage"),
  doctor: () => ask<{ findings: api.Finding[] }>("/v1/doctor"),

  sessions: (closed: boolean) =>
    ask<{ sessions: api.Session[]; next?: string }>("/v1/sessions", { query: { closed, limit: 1000 } }),
  session: (id: string) => ask<api.Session>(session(id)),
  open: (wish: Record<string, unknown>) => ask<api.Session>("/v1/sessions", { method: "POST", json: wish }),
  change: (id: string, change: Record<string, unknown>) =>
    ask<api.Session>(session(id), { method: "PATCH", json: change }),
  close: (id: string) => send(session(id), { method: "DELETE", query: { force: true } }),
  prepare: (id: string) => ask<api.Sandbox>(`${session(id)}/prepare`, { method: "POST" }),

  decide: (wish: Record<string, unknown>, signal: AbortSignal) =>
    ask<api.Decision>("/v1/decision", { method: "POST", json: wish, signal }),
  sandboxUsage: (id: string, signal: AbortSignal) => ask<api.SandboxUsage>(`${session(id)}/usage`, { signal }),

  syncPreview: (id: string, way: "push" | "pull") =>
    ask<api.SyncReport>(`${session(id)}/${way}`, {
      method: "POST",
      query: { dryRun: true, limit: mostEntries },
      endless: true,
    }),
  /** Tells how far it is while it goes on. */
  sync: async (id: string, way: "push" | "pull", progress: (event: api.SyncEvent) => void): Promise<api.SyncReport> => {
    const query = { stream: true, limit: mostEntries };
    const response = await send(`${session(id)}/${way}`, { method: "POST", query, endless: true });
    if (response.body) {
      for await (const event of lines<api.SyncEvent>(response.body)) {
        if (event.report) return event.report;
        if (event.error) throw new APIError(event.error, response.status);
        progress(event);
      }
    }
    throw new APIError({ code: "unavailable", message: words.offline.message, remedy: words.offline.remedy }, 0);
  },
  diff: (id: string) => ask<api.SyncReport>(`${session(id)}/diff`, { query: { limit: mostEntries } }),
  workspaceStatus: (id: string) => ask<api.WorkspaceStatus>(`${session(id)}/workspace`),
  conflicts: (id: string) => ask<{ conflicts: api.Conflict[] }>(`${session(id)}/conflicts`),
  conflictAddress: (id: string, name: string, version: api.Version) =>
    address(`${conflict(id, name)}/content`, { version }),
  conflictContent: (id: string, name: string, version: api.Version) =>
    send(`${conflict(id, name)}/content`, { query: { version } }),
  settle: (id: string, name: string, settlement: api.Settlement) =>
    send(`${conflict(id, name)}/${settlement}`, { method: "POST" }),

  execs: (id: string, tail: number) => ask<{ execs: api.Exec[] }>(`${session(id)}/execs`, { query: { tail } }),
  exec: (id: string, name: string) => ask<api.Exec>(exec(id, name)),
  start: (id: string, wish: Record<string, unknown>) =>
    ask<api.Exec>(`${session(id)}/execs`, { method: "POST", json: { ...wish, mode: "background" } }),
  cancel: (id: string, name: string) => send(`${exec(id, name)}/cancel`, { method: "POST" }),
  forget: (id: string, name: string) => send(exec(id, name), { method: "DELETE" }),
  execEvents: (id: string, name: string, offsets: api.Offsets, signal: AbortSignal) =>
    send(`${exec(id, name)}/events`, { query: { ...offsets }, signal, endless: true }),
  outputAddress: (id: string, name: string, stream: "stdout" | "stderr") => `${exec(id, name)}/output/${stream}`,
  terminalAddress: (id: string, name: string, scrollback: number) =>
    address(`${exec(id, name)}/terminal`, { scrollback }),

  files: (id: string, path: api.Path) =>
    ask<{ entries: api.FileEntry[]; more: boolean }>(`${session(id)}/files/list?path=${pathQuery(path)}`),
  contentAddress: (id: string, path: api.Path) => `${session(id)}/files/content?path=${pathQuery(path)}`,
  read: (id: string, path: api.Path, length: number) =>
    send(`${session(id)}/files/content?path=${pathQuery(path)}&length=${length}`),
  write: (id: string, path: api.Path, body: Blob | string) =>
    send(`${session(id)}/files/content?path=${pathQuery(path)}`, { method: "PUT", body }),
  remove: (id: string, path: api.Path) =>
    send(`${session(id)}/files?recursive=true&path=${pathQuery(path)}`, { method: "DELETE" }),
  makeDirectory: (id: string, path: api.Path) =>
    send(`${session(id)}/files/directory`, { method: "POST", json: { path } }),

  latestEvents: async (id: string): Promise<api.Event[]> => {
    const response = await send("/v1/events", { query: { session: id, tail: 20, follow: false } });
    const events: api.Event[] = [];
    if (response.body) { for await (const event of lines<api.Event>(response.body)) events.push(event); }
    return events;
  },

  backends: (refresh: boolean) => ask<{ backends: api.Backend[] }>("/v1/backends", { query: { refresh } }),
  probe: (id: string) => ask<api.Backend>(`/v1/backends/${encodeURIComponent(id)}/probe`, { method: "POST" }),
  settings: () => ask<{ settings: api.Setting[] }>("/v1/settings"),
  changeSettings: (set: Record<string, string | null>) =>
    ask<{ settings: api.Setting[] }>("/v1/settings", { method: "PATCH", json: { set } }),

  images: (usage: boolean) => ask<api.ImageList>("/v1/images", { query: { usage } }),
  setDefaultImage: (image: string | undefined, backend: string) =>
    send("/v1/images/default", { method: "PUT", json: { backend, ...(image !== undefined && { image }) } }),
  removeImage: (image: string, backend: string) => send("/v1/images", { method: "DELETE", query: { image, backend } }),
  pruneImages: (dryRun: boolean) =>
    ask<api.ImagePruning>("/v1/images/prune", { method: "POST", json: { unusedForMs: 0, dryRun } }),
  checkPackages: (wish: Record<string, unknown>) =>
    ask<api.PackageReport>("/v1/images/check", { method: "POST", json: wish }),
  build: (wish: Record<string, unknown>) => ask<api.ImageBuild>("/v1/images/builds", { method: "POST", json: wish }),
  builds: () => ask<{ builds: api.ImageBuild[] }>("/v1/images/builds"),
  buildEvents: (id: string, after: number, signal: AbortSignal) =>
    send(`/v1/images/builds/${encodeURIComponent(id)}/events`, { query: { after }, signal, endless: true }),
  cancelBuild: (id: string) => send(`/v1/images/builds/${encodeURIComponent(id)}/cancel`, { method: "POST" }),

  secrets: () => ask<{ secrets: { name: string; changedAt: number }[] }>("/v1/secrets"),
  setSecret: (name: string, value: string) =>
    send(`/v1/secrets/${encodeURIComponent(name)}`, { method: "PUT", json: { value } }),
  removeSecret: (name: string) => send(`/v1/secrets/${encodeURIComponent(name)}`, { method: "DELETE" }),

  tokens: () => ask<{ tokens: api.Token[] }>("/v1/tokens"),
  createToken: (wish: Record<string, unknown>) =>
    ask<{ token: api.Token; credential: string }>("/v1/tokens", { method: "POST", json: wish }),
  revokeToken: (id: string) => send(`/v1/tokens/${encodeURIComponent(id)}`, { method: "DELETE" }),

  /** Exchanges a token for a link that signs this browser in. */
  login: (token: string) =>
    ask<{ path: string }>("/v1/login", { method: "POST", json: {}, headers: { Authorization: `Bearer ${token}` } }),
  logout: () => send("/v1/logout", { method: "POST" }),
};
