import SandboxCore
public import SystemPackage
import Glibc

/// What a small host command said.
public struct CommandResult: Sendable, Equatable {
    public var ending: ProcessEnding
    public var standardOutput: [UInt8]
    public var standardError: [UInt8]

    /// True for exit code 0.
    public var isSuccess: Bool { ending == .exited(0) }
    /// Standard output as text.
    public var outputText: String { String(decoding: standardOutput, as: UTF8.self) }
    /// Standard error as text.
    public var errorText: String { String(decoding: standardError, as: UTF8.self) }
}

/// Runs small host commands such as `bwrap --version` to their end.
public struct CommandRunner: Sendable {
    private let keeper: ProcessKeeper

    /// Uses the keeper's thread.
    public init(keeper: ProcessKeeper) { self.keeper = keeper }

    /// Runs one command. It writes at most `outputLimit` bytes to each stream (a write beyond fails for it), and is killed at the deadline
    /// (`timeout`). A command that fails is a result, not an error.
    public func run(
        _ executable: FilePath, _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = [],
        deadline: Duration = .seconds(10), outputLimit: Int = 256 << 10, user: SpawnRequest.User? = nil,
        descriptors: [Int32: OwnedDescriptor] = [:]
    ) async throws -> CommandResult {
        let output = try Descriptors.boundedMemory(limit: outputLimit)
        let error = try Descriptors.boundedMemory(limit: outputLimit)
        var request = SpawnRequest(
            executable: executable, arguments: [executable.string] + arguments, environment: environment, leadsSession: true, user: user)
        request.descriptors = descriptors.merging([0: try Descriptors.memory(input), 1: output, 2: error]) { $1 }
        let process = try await keeper.spawn(request)
        do {
            let ending = try await withDeadline(deadline, for: "the command \(executable)") { try await process.wait() }
            return CommandResult(
                ending: ending, standardOutput: try Descriptors.written(to: output), standardError: try Descriptors.written(to: error))
        } catch {
            try? process.signal(SIGKILL)
            throw error
        }
    }

    /// Finds a program: an absolute path as it is, a bare name in the folders of `searchPath`. Nil when there is none to execute.
    public static func find(_ name: String, searchPath: String) -> FilePath? {
        let candidates = name.contains("/") ? [name] : searchPath.split(separator: ":").map { "\($0)/\(name)" }
        return candidates.first { access($0, X_OK) == 0 }.map { FilePath($0) }
    }
}
