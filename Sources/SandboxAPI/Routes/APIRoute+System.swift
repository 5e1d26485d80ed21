extension APIRoute {
    public static let health = APIRoute("health", "GET", "/v1/health", nil, "The process answers.", (200, .json("Health")))
    public static let readiness = APIRoute(
        "readiness", "GET", "/v1/ready", nil, "Sessions can be opened: the store answers and a backend works.", (200, .json("Readiness")),
        (503, .json("Readiness")))
    public static let openAPI = APIRoute("openAPI", "GET", "/v1/openapi.json", nil, "This document.", (200, .bytes("application/json")))
    public static let metrics = APIRoute(
        "metrics", "GET", "/v1/metrics", .read, "Counters in Prometheus' text format.", (200, .bytes("text/plain")))
    public static let usage = APIRoute("usage", "GET", "/v1/usage", .read, "What is in use.", (200, .json("Usage")))
    public static let events = APIRoute(
        "events", "GET", "/v1/events", .read,
        "What happened, in order, and what happens from now on. Each event has its sequence as its id.",
        parameters: [
            .integer("after", "Only events behind this sequence; 0 where it is left out."),
            .integer("tail", "Begin with the last so many, in place of `after`.", 0...10_000),
            .text("session", "Only those of this session, by id or name."),
            .flag("follow", "Go on with those to come; true where it is left out."),
            .header("Last-Event-ID", "In place of `after`."),
        ], (200, .events("Event")))
    public static let listBackends = APIRoute(
        "listBackends", "GET", "/v1/backends", .read, "What can be chosen, and whether it works here.",
        parameters: [.flag("refresh", "Ask them anew.")], (200, .json("BackendList")))
    public static let getBackend = APIRoute("getBackend", "GET", "/v1/backends/{backend}", .read, "One backend.", (200, .json("Backend")))
    public static let probeBackend = APIRoute(
        "probeBackend", "POST", "/v1/backends/{backend}/probe", .exec, "Ask a backend anew whether it works here.", (200, .json("Backend")))

    public static let backendSettings = APIRoute(
        "backendSettings", "GET", "/v1/backends/{backend}/settings", .admin,
        "A backend's settings with their values and where those come from.",
        (200, .json("SettingList")))

    public static let getSettings = APIRoute(
        "getSettings", "GET", "/v1/settings", .admin, "Every setting with its value and where that comes from.", (200, .json("SettingList"))
    )
    public static let changeSettings = APIRoute(
        "changeSettings", "PATCH", "/v1/settings", .admin, "Change settings in the file, all or none; new sessions see it.",
        request: .json("SettingsChange"), (200, .json("SettingList")))

    public static let doctor = APIRoute(
        "doctor", "GET", "/v1/doctor", .admin, "What is missing on the server's machine, and how to mend it.", (200, .json("Doctor")))

    static let system = [
        doctor,
        getSettings, changeSettings, health, readiness, openAPI, metrics, usage, events, listBackends, getBackend, probeBackend,
        backendSettings,
    ]
}
