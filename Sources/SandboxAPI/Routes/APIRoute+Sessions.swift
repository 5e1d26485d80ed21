extension APIRoute {
    public static let createSession = APIRoute(
        "createSession", "POST", "/v1/sessions", .exec, "Open a session. What reaches into the host needs the scope `admin`.",
        request: .json("SessionCreation"), (201, .json("Session")))
    public static let listSessions = APIRoute(
        "listSessions", "GET", "/v1/sessions", .read, "Sessions, oldest first.",
        parameters: [
            .text("name", "Only the one of this name."), .text("agent", "Only those of this agent."),
            .text("state", "Only those in this state: opening, ready, closing, closed or failed."),
            .text("backend", "Only those on this backend."), .flag("closed", "With those that are closed."),
            .text("after", "Only those behind this id: `next` of the page before."),
            .integer("limit", "At most so many; 100 where it is left out.", 1...1000),
        ], (200, .json("SessionPage")))
    public static let getSession = APIRoute(
        "getSession", "GET", "/v1/sessions/{session}", .read, "One session, by id or by name.", (200, .json("Session")))
    public static let changeSession = APIRoute(
        "changeSession", "PATCH", "/v1/sessions/{session}", .exec, "Change a session; what cannot change is refused and nothing changes.",
        request: .json("SessionChange"), (200, .json("Session")))
    public static let deleteSession = APIRoute(
        "deleteSession", "DELETE", "/v1/sessions/{session}", .exec,
        "Bring a synced workspace out, close the session and destroy its sandbox.",
        parameters: [
            .flag("force", "Kill what still runs; without it a running exec refuses."),
            .flag("discard", "Throw away what a synced workspace changed and did not bring out."),
        ], (204, nil))
    public static let extendSession = APIRoute(
        "extendSession", "POST", "/v1/sessions/{session}/extend", .exec, "Count as used now, perhaps with another time to live.",
        request: .json("SessionExtension"), (200, .json("Session")))
    public static let prepareSession = APIRoute(
        "prepareSession", "POST", "/v1/sessions/{session}/prepare", .exec, "Make the session's sandbox, or take it up.",
        (200, .json("Sandbox")))

    public static let decideSession = APIRoute(
        "decideSession", "POST", "/v1/decision", .read,
        "Which backend would serve such a session, and why none of the others. Nothing is opened.", request: .json("SessionCreation"),
        (200, .json("Decision")))
    public static let sandboxUsage = APIRoute(
        "sandboxUsage", "GET", "/v1/sessions/{session}/usage", .read,
        "What the processes of the session's sandbox use now, as they tell it. Does not count as a use of the session.",
        (200, .json("SandboxUsage")))

    static let sessions = [
        createSession, listSessions, getSession, changeSession, deleteSession, extendSession, prepareSession, decideSession, sandboxUsage,
    ]
}
