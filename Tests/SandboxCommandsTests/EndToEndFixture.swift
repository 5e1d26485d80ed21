import Foundation
import Testing

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

    /// Runs to the end with this as standard input; nil is `/dev/null`.
    func run(_ arguments: [String], input: Data? = nil, environment: [String: String] = [:]) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SANDLOT_") || $0.key == "SANDLOT_GUEST" }
        variables["SANDLOT_DATA_DIRECTORY"] = directory.appending(path: "data").path
        variables["XDG_CONFIG_HOME"] = directory.appending(path: "config").path
        process.environment = variables.merging(environment) { $1 }
        // Files, so that neither stream can fill a pipe while the other is read.
        let (output, error, given) = (
            directory.appending(path: "o-\(UUID())"), directory.appending(path: "e-\(UUID())"), directory.appending(path: "i-\(UUID())")
        )
        for file in [output, error] { try Data().write(to: file) }
        defer {
            for file in [output, error, given] { try? FileManager.default.removeItem(at: file) }
        }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)
        if let input {
            try input.write(to: given)
            process.standardInput = try FileHandle(forReadingFrom: given)
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
        process.waitUntilExit()
        let status = process.terminationReason == .uncaughtSignal ? 1000 + process.terminationStatus : process.terminationStatus
        return Result(
            status: status, output: try Data(contentsOf: output), error: String(decoding: try Data(contentsOf: error), as: UTF8.self))
    }

    func run(_ arguments: String..., input: Data? = nil, environment: [String: String] = [:]) throws -> Result {
        try run(arguments, input: input, environment: environment)
    }
}
