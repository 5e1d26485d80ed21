extension APIRoute {
    private static let base = "/v1/sessions/{session}"
    private static let conflict = base + "/conflicts/{conflict}"
    private static let dryRun = Parameter.flag("dryRun", "Only tell what would be done.")
    private static let limit = Parameter.integer(
        "limit", "At most so many entries of each list; 10000 where it is left out. `omitted` counts the rest.", 1...100_000)

    private static let stream = Parameter.flag(
        "stream", "Answer with events: how far it is, then the report. Nobody reading ends it, as far as it is.")

    public static let pushWorkspace = APIRoute(
        "pushWorkspace", "POST", base + "/push", .exec,
        "Bring the host's changes of a synced workspace into the sandbox. What the sandbox changed stays.",
        parameters: [dryRun, limit, stream],
        (200, .json("SyncReport")), (200, .events("SyncEvent")))
    public static let pullWorkspace = APIRoute(
        "pullWorkspace", "POST", base + "/pull", .exec,
        "Bring the sandbox's changes of a synced workspace to the host. What both sides changed is kept on both, as a conflict.",
        parameters: [dryRun, limit, stream], (200, .json("SyncReport")), (200, .events("SyncEvent")))
    public static let diffWorkspace = APIRoute(
        "diffWorkspace", "GET", base + "/diff", .read,
        "What a pull (`changes`) and a push (`pending`) would do; of a mounted workspace, what changed since the sandbox was made.",
        parameters: [limit], (200, .json("SyncReport")))
    public static let workspaceStatus = APIRoute(
        "workspaceStatus", "GET", base + "/workspace", .read, "How a synced workspace stands.", (200, .json("WorkspaceStatus")))

    public static let listConflicts = APIRoute(
        "listConflicts", "GET", base + "/conflicts", .read, "What both sides changed and nobody settled; also of a closed session.",
        (200, .json("ConflictList")))
    public static let getConflict = APIRoute("getConflict", "GET", conflict, .read, "One conflict, by its id.", (200, .json("Conflict")))
    public static let conflictContent = APIRoute(
        "conflictContent", "GET", conflict + "/content", .read, "The bytes of one version, at most 16 MiB.",
        parameters: [.text("version", "host, sandbox, or base: what both sides had before.", required: true)],
        (200, .bytes("application/octet-stream")))
    public static let settleConflict = APIRoute(
        "settleConflict", "POST", conflict + "/{settlement}", .exec,
        "Settle a conflict with the host's version, the sandbox's, or a merge of both; refused when the host's is another one by now.",
        (204, nil))

    static let workspaces = [
        pushWorkspace, pullWorkspace, diffWorkspace, workspaceStatus, listConflicts, getConflict, conflictContent, settleConflict,
    ]
}
