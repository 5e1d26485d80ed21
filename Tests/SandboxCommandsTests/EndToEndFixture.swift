import CommandTesting
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// The built executable with a data directory of its own, which is gone afterwards.
struct BuiltSandlot {
    struct Result {
        var status: Int32
        var output: Data
        var error: String
        var text: String { String(decoding: output, as: UTF8.self) }
        var line: String { text.trimmingCharacters(in: .newlines) }
        func json() throws -> Any { try JSONSerialization.jsonObject(with: output) }
    }

    let path: String
    let directory: URL

    /// The executable beside this test bundle; nil when it was not built.
    static var location: String? {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let candidates = [bundle, CommandLine.arguments[0]].map {
            URL(fileURLWithPath: $0).deletingLastPathComponent().appending(path: "sandlot").path
        }
        return
            (candidates
            + ProcessInfo.processInfo.arguments.filter { $0.hasSuffix(".xctest") }.map {
                URL(fileURLWithPath: $0).deletingLastPathComponent().appending(path: "sandlot").path
            }).first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// True when a sandbox can be made here by the backend that `run` would choose.
    static let canRun: Bool = {
        guard location != nil else { return false }
        return (try? with { try $0.run("doctor").status == 0 }) ?? false
    }()

    static func with<R>(_ body: (BuiltSandlot) throws -> R) throws -> R {
        guard let path = location else { throw CancellationError() }
        let directory = FileManager.default.temporaryDirectory.appending(path: "sandlot-e2e-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory.appending(path: "data"), withIntermediateDirectories: true)
        // A fresh stamp: no background reaper outlives the test.
        try Data().write(to: directory.appending(path: "data/reaped"))
        let sandlot = BuiltSandlot(path: path, directory: directory)
        defer {
            let sessions = (try? sandlot.run("session", "list", "--quiet"))?.text.split(separator: "\n").map(String.init) ?? []
            if !sessions.isEmpty { _ = try? sandlot.run(["session", "rm", "--force"] + sessions) }
            try? FileManager.default.removeItem(at: directory)
        }
        return try body(sandlot)
    }

    /// What the executable finds in its environment: nothing of the machine's own settings.
    func variables(_ more: [String: String] = [:]) -> [String: String] {
        var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SANDLOT_") || $0.key == "SANDLOT_GUEST" }
        all["SANDLOT_DATA_DIRECTORY"] = directory.appending(path: "data").path
        all["XDG_CONFIG_HOME"] = directory.appending(path: "config").path
        return all.merging(more) { $1 }
    }

    /// Runs to the end with this as standard input; nil is `/dev/null`.
    func run(_ arguments: [String], input: Data? = nil, environment: [String: String] = [:]) throws -> Result {
        // Files, so that neither stream can fill a pipe while the other is read.
        let files = ["i", "o", "e"].map { directory.appending(path: "\($0)-\(UUID())").path }
        defer { for file in files { unlink(file) } }
        if let input { try input.write(to: URL(fileURLWithPath: files[0])) }
        let descriptors = try files.map { file in
            let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            return try #require(descriptor >= 0 ? descriptor : nil, "\(file) cannot be opened: errno \(errno)")
        }
        defer { for descriptor in descriptors { close(descriptor) } }
        let process = try StartedCommand(
            path, arguments, environment: variables(environment), input: input == nil ? nil : descriptors[0], output: descriptors[1],
            error: descriptors[2])
        process.waitUntilExit()
        let (output, error) = (try contents(of: files[1]), try contents(of: files[2]))
        let status = process.signal.map { 1000 + $0 } ?? process.terminationStatus
        return Result(status: status, output: output, error: String(decoding: error, as: UTF8.self))
    }

    private func contents(of file: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file)) }

    func run(_ arguments: String..., input: Data? = nil, environment: [String: String] = [:]) throws -> Result {
        try run(arguments, input: input, environment: environment)
    }
}
