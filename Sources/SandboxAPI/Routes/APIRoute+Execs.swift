extension APIRoute {
    private static let base = "/v1/sessions/{session}/execs"

    public static let startExec = APIRoute(
        "startExec", "POST", base, .exec,
        "Start a command: wait for it, leave it in the background, or stream it.",
        parameters: [
            .header("Idempotency-Key", "1 to 128 printable characters; the same key in the same session never runs a second command.")
        ],
        request: .json("ExecCreation"), (200, .json("ExecResult")), (201, .json("Exec")), (200, .events("StreamEvent")))
    public static let listExecs = APIRoute(
        "listExecs", "GET", base, .read, "The session's execs, oldest first.",
        parameters: [
            .flag("running", "Only those that are not over."), .integer("tail", "Only the last so many.", 1...1000),
            .text("after", "Only those behind this id: `next` of the page before."),
            .integer("limit", "At most so many; 100 where it is left out.", 1...1000),
        ], (200, .json("ExecPage")))
    public static let getExec = APIRoute("getExec", "GET", base + "/{exec}", .read, "One exec.", (200, .json("Exec")))
    public static let forgetExec = APIRoute(
        "forgetExec", "DELETE", base + "/{exec}", .exec, "Forget an exec that is over, with its output. Its id stays used.", (204, nil))
    public static let execEvents = APIRoute(
        "execEvents", "GET", base + "/{exec}/events", .read,
        "Output of both streams from these offsets on, then the end; during the run and after it.",
        parameters: [
            .integer("stdout", "Offset in standard output; 0 where it is left out."),
            .integer("stderr", "Offset in standard error; 0 where it is left out."),
            .flag("follow", "Go on until the exec is over; true where it is left out."),
            .header("Last-Event-ID", "`STDOUT-STDERR` of the last event that was seen, in place of the offsets."),
        ], (200, .events("StreamEvent")))
    public static let execOutput = APIRoute(
        "execOutput", "GET", base + "/{exec}/output/{stream}", .read, "Bytes of one stream (stdout or stderr), as they are.",
        parameters: [
            .integer("offset", "Of the first byte; 0 where it is left out."), .integer("limit", "At most so many bytes.", 1...Int.max),
            .flag("follow", "Go on until the exec is over."),
        ], (200, .bytes("application/octet-stream")))
    public static let writeInput = APIRoute(
        "writeInput", "POST", base + "/{exec}/stdin", .exec, "Bytes for standard input; the request lasts while the command does not read.",
        parameters: [.flag("close", "End standard input after these bytes.")], request: .bytes("application/octet-stream"), (204, nil))
    public static let signalExec = APIRoute(
        "signalExec", "POST", base + "/{exec}/signal", .exec, "Signal a running exec.", request: .json("Signal"), (204, nil))
    public static let resizeExec = APIRoute(
        "resizeExec", "POST", base + "/{exec}/resize", .exec, "Change the size of an exec's terminal.", request: .json("Resize"), (204, nil)
    )
    public static let waitExec = APIRoute(
        "waitExec", "GET", base + "/{exec}/wait", .read, "The exec once it is over, or as it is when the time is up.",
        parameters: [.integer("timeoutMs", "How long at most; 30000 where it is left out.", 0...600_000)], (200, .json("Exec")))
    public static let cancelExec = APIRoute(
        "cancelExec", "POST", base + "/{exec}/cancel", .exec, "SIGTERM, grace, SIGKILL to the exec's whole tree; nothing when it is over.",
        (204, nil))
    public static let openTerminal = APIRoute(
        "openTerminal", "GET", base + "/{exec}/terminal", .read,
        "The exec's terminal over WebSocket: binary messages are output and input, text messages are JSON.",
        parameters: [
            .integer("offset", "Where the output begins; 0, all of it, where it is left out."),
            .integer("scrollback", "So many bytes of what is there already, in place of the offset."), .flag("view", "Only look."),
        ], (101, nil))

    static let execs = [
        openTerminal, startExec, listExecs, getExec, forgetExec, execEvents, execOutput, writeInput, signalExec, resizeExec, waitExec,
        cancelExec,
    ]
}
