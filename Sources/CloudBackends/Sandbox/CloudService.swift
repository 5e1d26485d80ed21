import Foundation
import GuestClient
import SandboxCore
import SystemPackage

/// One sandbox as its service tells of it.
struct CloudMachine: Sendable, Equatable {
    var id: String
    /// False for one that is paused or on its way somewhere: it exists, and costs.
    var isRunning: Bool
    var labels: [String: String]
    /// When the service ends it by itself.
    var endsAt: Date?
}

/// What is asked of a service when a sandbox is made.
struct CloudOrder: Sendable {
    /// Names this making: however often it is sent, one sandbox is made.
    var key: String
    var labels: [String: String]
    /// From now; the service ends the sandbox when nobody prolongs it.
    var life: Duration
    var network: NetworkPolicy
}

/// A cloud's control plane: the few things that a backend needs of it.
protocol CloudService: Sendable {
    /// Asks whether the credentials are good, and makes nothing. The result is for people.
    func check() async throws -> [String: String]
    /// Makes a sandbox, once for each order.
    func create(_ order: CloudOrder) async throws -> CloudMachine
    /// The sandbox of this id; nil when the service has none.
    func find(_ id: String) async throws -> CloudMachine?
    /// Every sandbox that carries these labels, whatever its state.
    func list(_ labels: [String: String]) async throws -> [CloudMachine]
    /// Lets it live so long from now. The result is its new end; nil when the service does not tell.
    func extend(_ id: String, life: Duration) async throws -> Date?
    /// Ends it for good; one that is gone already is no error.
    func destroy(_ id: String) async throws
    /// The way into a sandbox. Takes up one that is paused, and prolongs it.
    func enter(_ id: String, life: Duration) async throws -> any CloudDoor
}

/// The ways into one sandbox that its service offers.
protocol CloudDoor: Sendable {
    /// Runs a short command to its end. Only what may run twice.
    func run(_ command: [String]) async throws -> CloudRun
    /// Writes a file; the folder is made.
    func upload(_ bytes: [UInt8], to path: FilePath) async throws
    /// Starts a command that stays, and returns when it runs, with what names it at the service. Only what may be started twice.
    func startDaemon(_ command: [String]) async throws -> String
    /// How a daemon ended; nil while it runs.
    func ending(of daemon: String) async throws -> CloudRun?
    /// Whether a relay's streams carry text only.
    var carriesText: Bool { get }
    /// Starts a relay and returns when it runs.
    func relay(_ command: [String]) async throws -> any GuestCarrier
}

/// How a command ended.
struct CloudRun: Sendable {
    /// Nil where the service does not tell.
    var exitCode: Int32?
    var output: [UInt8] = []
    var errors: [UInt8] = []

    /// Its last words, for people.
    var words: String {
        let text = LastWords(errors.isEmpty ? output : errors).line
        return text.isEmpty ? "exit status \(exitCode.map(String.init) ?? "unknown")" : text
    }
}
