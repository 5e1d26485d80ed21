/** What the HTTP API says, as far as the page reads it. The server's document is `/v1/openapi.json`. */

/** Text, or the base 64 of bytes that are no text. */
export type Path = string | { base64: string };

export interface Failure {
  code: string;
  message: string;
  remedy?: string;
  backend?: string;
  cause?: string;
  requestId?: string;
}

export type SessionState = "opening" | "ready" | "closing" | "closed" | "failed";
export type Verdict = "chosen" | "eligible" | "rejected" | "failed-over";

export interface Image {
  kind: "default" | "root" | "reference";
  name?: string;
  path?: Path;
}

export interface Workspace {
  kind: "private" | "mounted" | "synced";
  path?: Path;
  readOnly?: boolean;
}

export interface Limits {
  memory?: number;
  processors?: number;
  processes?: number;
  disk?: number;
  gpus?: string;
}

/** Which backend serves a session, and why none of the others. */
export interface Decision {
  chosen: string;
  isolation: string;
  isAutomatic: boolean;
  reasons: { backend: string; verdict: Verdict; reason: string }[];
  /** What the sandbox starts from, once that is settled. */
  image?: { image?: string; reason: string };
}

/** What the processes of a sandbox use. */
export interface SandboxUsage {
  processes: number;
  memoryBytes: number;
  processorMs: number;
  at: number;
}

export interface Session {
  id: string;
  name?: string;
  agent?: string;
  state: SessionState;
  backend: string;
  isolation: string;
  sandbox?: string;
  sandboxed?: boolean;
  floor?: string;
  image: Image;
  workspace: Workspace;
  workspacePath?: Path;
  network: string;
  home: string;
  limits: Limits;
  decision: Decision;
  createdAt: number;
  lastUsedAt: number;
  expiresAt?: number;
  closedAt?: number;
  failure?: string;
}

export interface SyncChange {
  path: Path;
  side: "host" | "sandbox";
  change: "create" | "modify" | "delete" | "chmod" | "retype";
  kind: "file" | "directory" | "link";
  size: number;
}

export interface SyncRefusal {
  path: Path;
  reason: string;
}

export interface ConflictNode {
  kind: "file" | "directory" | "link";
  size: number;
  mode?: number;
  target?: Path;
}

export type Version = "host" | "sandbox" | "base";
export type Settlement = "take-host" | "take-sandbox" | "merge";

export interface Conflict {
  id: string;
  path: Path;
  reason: string;
  createdAt: number;
  loser?: "host" | "sandbox";
  base?: ConflictNode;
  host?: ConflictNode;
  sandbox?: ConflictNode;
  versions?: Version[];
}

export interface SyncReport {
  dryRun: boolean;
  changes: SyncChange[];
  pending: SyncChange[];
  conflicts: Conflict[];
  refused: SyncRefusal[];
  missed: SyncRefusal[];
  omitted: { changes: number; pending: number; refused: number; missed: number };
  total: number;
  /** Of a mounted workspace: the changes are those since then. */
  since?: number;
}

/** One line of the stream of a push or a pull. */
export interface SyncEvent {
  type: "progress" | "ended" | "keepalive" | "notice" | "error";
  phase?: "looking" | "copying" | "applying";
  files?: number;
  bytes?: number;
  totalBytes?: number;
  report?: SyncReport;
  error?: Failure;
}

export interface WorkspaceStatus {
  pushedAt?: number;
  pulledAt?: number;
  failure?: string;
  openConflicts: number;
}

export interface Sandbox {
  session: string;
  sandbox: string;
  backend: string;
  workspacePath: Path;
}

export interface Offsets {
  stdout: number;
  stderr: number;
}

export interface Outcome {
  kind: "exited" | "signaled" | "timed_out" | "cancelled" | "lost";
  code?: number;
  signal?: number;
  coreDumped?: boolean;
  reason?: string;
}

export interface Ending {
  outcome: Outcome;
  exitStatus: number;
  stdout: number;
  stderr: number;
  survivors: number;
  durationMs?: number;
  peakMemory?: number;
  memoryKills?: number;
}

export interface Exec {
  id: string;
  session: string;
  arguments?: string[];
  shell?: string;
  directory?: Path;
  terminal: boolean;
  state: "starting" | "running" | "ended" | "refused";
  available: Offsets;
  dropped: Offsets;
  ending?: Ending;
  failure?: string;
  startedAt: number;
  endedAt?: number;
}

/** One line of an exec's stream. */
export interface StreamEvent {
  type: "started" | "output" | "ended" | "keepalive" | "notice" | "error";
  stream?: "stdout" | "stderr";
  offset?: number;
  text?: string;
  base64?: string;
  ending?: Ending;
  message?: string;
  error?: Failure;
}

export interface Event {
  sequence: number;
  type: string;
  session?: string;
  exec?: string;
  at: number;
  facts: Record<string, string>;
}

export interface Backend {
  id: string;
  name: string;
  summary: string;
  isolation: string;
  placement: "local" | "cloud";
  capabilities: string[];
  onlyByName: boolean;
  available: boolean;
  details: Record<string, string>;
  reason?: string;
  remedy?: string;
  probedAt: number;
}

export type SettingKind =
  | "text"
  | "path"
  | "integer"
  | "number"
  | "boolean"
  | "choice"
  | "list"
  | "size"
  | "duration"
  | "secret";

export interface Setting {
  name: string;
  summary: string;
  expects: string;
  kind: SettingKind;
  choices?: string[];
  value?: string;
  secret: boolean;
  origin: "flag" | "environment" | "file" | "alias" | "default";
  place?: string;
  locked?: string;
  live: boolean;
}

export interface FileEntry {
  path: Path;
  kind: "file" | "directory" | "symlink" | "fifo" | "socket" | "char-device" | "block-device";
  mode: number;
  size: number;
  modifiedNs: number;
  linkTarget?: Path;
}

export interface Token {
  id: string;
  name: string;
  scope: "read" | "exec" | "admin";
  session?: string;
  createdAt: number;
  expiresAt?: number;
  lastUsedAt?: number;
}

export interface Finding {
  subject: string;
  verdict: string;
  message: string;
  remedy?: string;
}

export interface Usage {
  sessions: Record<string, number>;
  runningExecs: number;
  dataBytes: number;
  freeBytes: number;
}

export interface BuiltImage {
  reference: string;
  backend: string;
  base?: string;
  packages: string[];
  size?: number;
  createdAt?: number;
  lastUsedAt?: number;
  users: number;
  ours: boolean;
}

export interface ImageList {
  images: BuiltImage[];
  saved: { name: string; spec: { base?: string; packages?: string[] } }[];
  defaults: { backend: string; image?: string; origin: string; reason: string }[];
  sets: { name: string; summary: string; packages: string[] }[];
  stores?: {
    backend: string;
    usage: { images: number; imageBytes?: number; ours: number; ourBytes?: number; reclaimableBytes?: number };
  }[];
  problems: string[];
}

export interface ImagePruning {
  removed: BuiltImage[];
  bytes: number;
  dryRun: boolean;
  problems: string[];
}

export interface PackageReport {
  base: string;
  distribution: string;
  entries: { name: string; packages: string[]; verdict: "installed" | "missing" | "unavailable" | "unknown" }[];
}

export interface ImageBuild {
  id: string;
  state: "running" | "finished" | "failed" | "cancelled";
  spec: { base?: string; packages?: string[] };
  backend?: string;
  reference?: string;
  built?: boolean;
  size?: number;
  name?: string;
  lines: number;
  failure?: Failure;
  startedAt: number;
  endedAt?: number;
}

/** One line of a build's stream. */
export interface ImageBuildEvent {
  type: "log" | "skipped" | "ended" | "keepalive" | "notice" | "error";
  line?: number;
  text?: string;
  count?: number;
  build?: ImageBuild;
  message?: string;
  error?: Failure;
}
