import SandboxCore
import SandboxProcess
import SystemPackage

/// What is kept on disk about one sandbox: enough for another process to find it or to remove what a crash left.
struct SandboxRecord: Equatable {
    enum State: String {
        /// Its processes may or may not exist; they are not known yet.
        case creating
        /// The reference is complete.
        case made
    }

    var state: State
    var reference: SandboxReference

    static let fileName = "record"
    private static let header = "sandlot sandbox record 1"

    /// One `key value` line each. Values cannot hold a line feed: those that come from outside are checked before they get here.
    var encoded: [UInt8] {
        var lines = [
            Self.header, "state \(state.rawValue)", "id \(reference.id)", "backend \(reference.backend)", "owner \(reference.owner)",
        ]
        if let session = reference.session { lines.append("session \(session)") }
        lines += reference.locator.sorted { $0.key < $1.key }.map { "locator.\($0.key) \($0.value)" }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    init(state: State, reference: SandboxReference) {
        self.state = state
        self.reference = reference
    }

    init(decoding bytes: [UInt8], at path: FilePath) throws {
        let broken = SandboxError(.internalError, "\(path) is not a sandbox record", remedy: "remove its directory when no process uses it")
        var values: [String: String] = [:]
        var locator: [String: String] = [:]
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first.map(String.init) == Self.header else { throw broken }
        for line in lines.dropFirst() where !line.isEmpty {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw broken }
            if parts[0].hasPrefix("locator.") {
                locator[String(parts[0].dropFirst("locator.".count))] = parts[1]
            } else {
                values[parts[0]] = parts[1]
            }
        }
        guard let state = values["state"].flatMap(State.init(rawValue:)), let id = values["id"], let backend = values["backend"],
            let owner = values["owner"]
        else { throw broken }
        self.state = state
        reference = SandboxReference(
            id: try SandboxID(validating: id), backend: try BackendID(validating: backend), owner: try OwnerLabel(validating: owner),
            session: try values["session"].map { try SessionID(validating: $0) }, locator: locator)
    }
}
