public import SandboxCore

/// Something that happened, in the order in which it was committed. Holds no environment value and no argument of a command.
public struct EngineEvent: Sendable, Codable, Equatable {
    /// The kinds of events, by stable word.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case sessionOpened = "session.opened"
        case sessionUpdated = "session.updated"
        case sessionClosing = "session.closing"
        case sessionClosed = "session.closed"
        /// The lease ran out; a `session.closed` follows.
        case sessionExpired = "session.expired"
        /// A restarted engine took a living sandbox over.
        case sessionAdopted = "session.adopted"
        case preparing
        case prepared
        /// Preparing or closing failed; the payload's `reason` tells.
        case failed
        case failover
        case execStarted = "exec.started"
        case execEnded = "exec.ended"
        /// A sandbox that no session owned was removed.
        case reaped
        /// A living session got another sandbox, with its workspace carried over.
        case sessionMoved = "session.moved"
        /// A sandbox stays as it is although the settings that shape it changed; the payload's `reason` tells.
        case sandboxOutdated = "sandbox.outdated"
        /// A dead sandbox runs again over the files that it left.
        case sandboxRevived = "sandbox.revived"
        /// The host's changes went into a sandbox; the payload counts them.
        case workspacePushed = "workspace.pushed"
        /// A sandbox's changes came to the host; the payload counts them, and the conflicts.
        case workspacePulled = "workspace.pulled"
        /// A push or pull failed; the payload's `reason` tells. Nothing is lost: the next one goes on.
        case workspaceFailed = "workspace.failed"
        /// Somebody settled a conflict.
        case workspaceSettled = "workspace.settled"
        /// An access token was made; the payload's `token` is its id, `name`, `scopes` and `session` what it was made for.
        case tokenCreated = "token.created"
        case tokenRevoked = "token.revoked"
        /// A login code was exchanged for a token.
        case loggedIn = "access.login"
        /// Somebody was refused; `reason` tells why, never what was presented.
        case accessDenied = "access.denied"
        /// Somebody with a token asked for a change, and it was done; `operation` and `token` tell which and who.
        case changeAsked = "access.change"
        /// The payload names `backend` and `image`.
        case imageBuildStarted = "image.build.started"
        /// The payload's `lines` are the latest of the build's log.
        case imageBuildLog = "image.build.log"
        case imageBuildFinished = "image.build.finished"
        /// The payload's `reason` tells.
        case imageBuildFailed = "image.build.failed"
        case imageDefaultSet = "image.default.set"
        /// Packages are being installed in a sandbox that was just made.
        case provisioning
        case provisioned
        case provisionFailed = "provision.failed"
    }

    /// Rises without repetition; gaps are possible.
    public var sequence: Int64
    public var kind: Kind
    public var session: SessionID?
    public var exec: ExecID?
    public var at: Timestamp
    /// Facts by name: `backend`, `sandbox`, `reason`, `outcome`, `program`…
    public var payload: [String: String]
}
