extension SchemaText {
    static let sessions = """
        SessionCreation! = name?: name, agent?: string, main?: boolean, scope?: session|agent|shared, sandbox?: boolean, backend?: name, floor?: none|process|wasm|namespace|container|microvm, image?: Image, packages?: [string], provision?: required|best-effort, workspace?: Workspace, workspacePath?: Path, home?: ephemeral|session|shared, mounts?: [Mount], environment?: {string}, limits?: Limits, network?: none|open, hostname?: string, timeZone?: string, idleTtlMs?: duration, maxLifeMs?: duration, endsWithServer?: boolean, labels?: {string}, prepare?: boolean
        SessionChange! = name?: name, sandbox?: boolean, backend?: name, image?: Image, force?: boolean, limits?: Limits, idleTtlMs?: duration, maxLifeMs?: duration, environment?: {string}, labels?: {text}
        SessionExtension! = idleTtlMs?: duration, maxLifeMs?: duration
        Session = id: name, name?: string, agent?: string, main: boolean, scope: session|agent|shared, state: opening|ready|closing|closed|failed, backend: name, isolation: none|process|wasm|namespace|container|microvm, sandbox?: name, sandboxed?: boolean, floor?: none|process|wasm|namespace|container|microvm, image: Image, packages?: [string], workspace: Workspace, workspacePath?: Path, home: ephemeral|session|shared, mounts: [Mount], environmentNames: [string], limits: Limits, network: none|open, hostname?: string, timeZone?: string, idleTtlMs?: number, maxLifeMs?: number, endsWithServer: boolean, labels: {string}, decision: Decision, createdAt: integer, lastUsedAt: integer, expiresAt?: integer, closedAt?: integer, failure?: string, revision: integer
        SessionPage = sessions: [Session], next?: name
        Sandbox = session: name, sandbox: name, backend: name, workspacePath: Path
        Image = kind: default|root|reference, path?: Path, name?: string
        Workspace = kind: private|mounted|synced, path?: Path, readOnly?: boolean, direction?: both|push|pull, conflicts?: ask|prefer-host|prefer-sandbox, mergeText?: boolean, excludeDependencies?: boolean, ignoreFiles?: [string], excludes?: [string], pullAfterExec?: boolean, intervalMs?: duration, needsReview?: boolean
        Mount = source: Path, target: Path, readOnly: boolean
        Limits = memory?: count, processors?: number, processes?: integer<0~4294967295>, disk?: count, gpus?: string
        SandboxUsage = processes: count, memoryBytes: count, processorMs: number, at: integer
        Decision = chosen: name, isolation: none|process|wasm|namespace|container|microvm, isAutomatic: boolean, reasons: [DecisionReason], image?: ImageDecision
        ImageDecision = image?: string, origin: session|backend|global|built-in, reason: string, built?: string
        DecisionReason = backend: name, verdict: chosen|eligible|rejected|failed-over, reason: string

        """

    static let workspaces = """
        SyncReport = dryRun: boolean, changes: [SyncChange], pending: [SyncChange], merged: [Path], conflicts: [Conflict], refused: [Refused], missed: [Refused], omitted: SyncOmitted, ignored: count, total: count, movedFiles: count, movedBytes: count, readFiles: count, readBytes: count, since?: integer
        SyncChange = path: Path, side: host|sandbox, change: create|modify|delete|chmod|retype, kind: file|directory|link, size: count
        SyncEvent = type: progress|ended|keepalive|notice|error, phase?: looking|copying|applying, files?: count, bytes?: count, totalBytes?: count, report?: SyncReport, reason?: shutdown|slow_consumer, message?: string, error?: Failure
        SyncOmitted = changes: count, pending: count, merged: count, conflicts: count, refused: count, missed: count
        WorkspaceStatus = pushedAt?: integer, pulledAt?: integer, failure?: string, openConflicts: count
        Conflict = id: name, path: Path, reason: string, createdAt: integer, loser?: host|sandbox, base?: ConflictNode, host?: ConflictNode, sandbox?: ConflictNode, versions?: [host|sandbox|base]
        ConflictNode = kind: file|directory|link, size: count, mode?: count, target?: Path
        ConflictList = conflicts: [Conflict]

        """

    static let execs = """
        ExecCreation! = id?: name, arguments?: [string], shell?: string, directory?: Path, environment?: {string}, user?: string, input?: boolean, stdin?: Bytes, terminal?: TerminalSize, timeoutMs?: duration, killGraceMs?: duration, drainGraceMs?: duration, survivors?: keep|kill, mode?: wait|background|stream, outputLimit?: integer<0~4194304>
        TerminalSize = columns: integer<1~65535>, rows: integer<1~65535>
        Exec = id: name, session: name, arguments?: [string], shell?: string, directory?: Path, user?: string, terminal: boolean, state: starting|running|ended|refused, process?: integer, available: Offsets, dropped: Offsets, ending?: Ending, failure?: string, startedAt: integer, endedAt?: integer
        ExecPage = execs: [Exec], next?: name
        ExecResult = exec: Exec, stdout: Bytes, stderr: Bytes, omitted: Offsets
        Offsets = stdout: count, stderr: count
        Ending = outcome: Outcome, exitStatus: integer, stdout: count, stderr: count, survivors: count, durationMs?: number, processorMs?: number, peakMemory?: count, memoryKills?: count
        Outcome = kind: exited|signaled|timed_out|cancelled|lost, code?: integer, signal?: integer, coreDumped?: boolean, reason?: string
        StreamEvent = type: started|output|ended|keepalive|notice|error, exec?: name, process?: integer, stream?: stdout|stderr, offset?: count, text?: string, base64?: string, ending?: Ending, reason?: shutdown|slow_consumer, message?: string, error?: Failure
        Signal! = signal: string, tree?: boolean
        Resize! = columns: integer<1~65535>, rows: integer<1~65535>

        """

    static let files = """
        FileEntry = path: Path, kind: file|directory|symlink|fifo|socket|char-device|block-device, mode: count, size: count, modifiedNs: integer, changedNs?: integer, inode?: count, userId: count, groupId: count, linkTarget?: Path, sha256?: string
        FileList = entries: [FileEntry], more: boolean
        DirectoryCreation! = path: Path, mode?: integer<0~4095>, parents?: boolean
        FileMove! = from: Path, to: Path, overwrite?: boolean
        LinkCreation! = path: Path, target: Path
        ModeChange! = path: Path, mode: integer<0~4095>
        Glob! = pattern: string, root?: Path, limit?: integer<1~10000>, hidden?: boolean
        Grep! = pattern: string, root?: Path, literal?: boolean, ignoreCase?: boolean, glob?: string, context?: integer<0~100>, limit?: integer<1~10000>, hidden?: boolean
        GrepMatch = path: Path, line: integer, context: boolean, content: Bytes
        GrepResult = matches: [GrepMatch], truncated: boolean
        Edit = old: string, new: string, count?: integer<1~1000000>
        FileEdit! = path: Path, edits: [Edit]
        FileEditResult = replaced: count, size: count
        FileChange = kind: watching|created|modified|removed|attributes|overflow|keepalive|error, path?: Path, error?: Failure
        ManifestLine = entry?: FileEntry, end?: boolean, error?: Failure
        Refused = path: Path, reason: string
        ImportResult = refused: [Refused]

        """

    static let images = """
        BuiltImage = reference: string, backend: name, id: string, base?: string, packages: [string], size?: count, uniqueSize?: count, createdAt?: integer, lastUsedAt?: integer, users: count, ours: boolean
        ImageSpec = base?: string, packages?: [string], dockerfile?: string
        ImagePlan = reference: string, backend: name, base?: string, baseDigest?: string, distribution?: string, packages: [string]
        ImageDetails = reference: string, image?: BuiltImage, plan?: ImagePlan
        SavedImage = name: name, spec: ImageSpec
        ImageDefault = backend: name, image?: string, origin: session|backend|global|built-in, reason: string
        ImageDefaults = defaults: [ImageDefault]
        ImageDefaultChange! = image?: string, backend?: name
        PackageSet = name: string, summary: string, packages: [string]
        ImageStoreUsage = images: count, imageBytes?: count, ours: count, ourBytes?: count, reclaimableBytes?: count, containers?: count, runningContainers?: count, containerBytes?: count, cacheBytes?: count
        ImageStore = backend: name, usage: ImageStoreUsage
        ImageList = images: [BuiltImage], saved: [SavedImage], defaults: [ImageDefault], sets: [PackageSet], stores?: [ImageStore], problems: [string]
        ImageRemoval = removedFrom: [name]
        ImagePrune! = backend?: name, olderThanMs?: duration, unusedForMs?: duration, dryRun?: boolean
        ImagePruning = removed: [BuiltImage], bytes: count, dryRun: boolean, problems: [string]
        PackageCheck! = packages: [string], base?: string, backend?: name
        PackageReport = base: string, distribution: string, packageManager: string, entries: [PackageEntry]
        PackageEntry = name: string, packages: [string], verdict: installed|missing|unavailable|unknown
        ImageBuildCreation! = image?: string, packages?: [string], base?: string, dockerfile?: string, arguments?: {string}, backend?: name, name?: name, pull?: boolean, rebuild?: boolean, cache?: boolean, mode?: background|wait|stream
        ImageBuild = id: name, state: running|finished|failed|cancelled, spec: ImageSpec, backend?: name, reference?: string, built?: boolean, size?: count, plan?: ImagePlan, name?: name, lines: count, failure?: Failure, startedAt: integer, endedAt?: integer
        ImageBuildList = builds: [ImageBuild]
        ImageBuildEvent = type: log|skipped|ended|keepalive|notice|error, line?: count, text?: string, count?: count, build?: ImageBuild, reason?: shutdown|slow_consumer, message?: string, error?: Failure

        """

    static let others = """
        Health = status: string, version: string
        Readiness = ready: boolean, backends: [name]
        Usage = sessions: {integer}, runningExecs: count, dataBytes: count, freeBytes: count
        Backend = id: name, name: string, summary: string, isolation: none|process|wasm|namespace|container|microvm, placement: local|cloud, capabilities: [string], onlyByName: boolean, settings: [BackendSetting], available: boolean, details: {string}, reason?: string, remedy?: string, probedAt: integer
        BackendSetting = key: string, kind: text|path|integer|boolean|choice|list|secret, summary: string, defaultText?: string, minimum?: integer, maximum?: integer, choices?: [string]
        BackendList = backends: [Backend]
        DoctorFinding = subject: string, verdict: string, message: string, remedy?: string
        Doctor = findings: [DoctorFinding]
        Setting = name: string, summary: string, expects: string, kind: text|path|integer|number|boolean|choice|list|size|duration|secret, choices?: [string], value?: string, secret: boolean, origin: flag|environment|file|alias|default, place?: string, locked?: string, live: boolean
        SettingList = settings: [Setting]
        SettingsChange! = set: {text}
        Event = sequence: integer, type: string, session?: name, exec?: name, at: integer, facts: {string}
        Token = id: name, name: string, scope: read|exec|admin, session?: name, createdAt: integer, expiresAt?: integer, lastUsedAt?: integer
        TokenList = tokens: [Token]
        TokenCreation! = name: string, scope: read|exec|admin, session?: name, lifeMs?: duration
        IssuedToken = token: Token, credential: string
        SecretEntry = name: string, changedAt: integer
        SecretList = secrets: [SecretEntry]
        SecretValue! = value: string
        Login = code: string
        LoginCreation! = scope?: read|exec|admin
        LoginLink = path: string, expiresAt: integer
        ErrorBody = error: Failure
        Failure = code: invalid_argument|not_found|already_exists|unavailable|unsupported|denied|timeout|cancelled|limit_exceeded|conflict|protocol_violation|internal, message: string, backend?: string, remedy?: string, cause?: string, requestId?: string, file?: FailureFile, start?: FailureStart
        FailureFile = reason: not_found|already_exists|permission_denied|is_directory|not_directory|not_empty|too_large|no_space|invalid, path: Path
        FailureStart = reason: command_not_found|command_not_executable, exitStatus: integer

        """
}
