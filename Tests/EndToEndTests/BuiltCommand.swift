import CommandTesting
import Foundation

/// The executable that this build made, next to the test bundle.
struct BuiltCommand {
    let path: String
    let dataDirectory: String

    /// Nil when the executable was not built; the suites that need it are then skipped with that reason.
    static var location: String? {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let path = URL(fileURLWithPath: bundle).deletingLastPathComponent().appending(path: "sandlot").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// Starts the command; output goes to the descriptor, or nowhere. A settings file of the machine is not read.
    func start(_ arguments: [String], output: Int32? = nil, environment: [String: String] = [:]) throws -> StartedCommand {
        let variables = ProcessInfo.processInfo.environment
            .merging(["SANDLOT_DATA_DIRECTORY": dataDirectory, "SANDLOT_CONFIG": "/dev/null"]) { $1 }
            .merging(environment) { $1 }
        return try StartedCommand(path, arguments, environment: variables, output: output, error: output)
    }

    /// Runs to the end and returns exit status and output.
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> (status: Int32, output: String) {
        let pipe = try TestPipe()
        let process = try start(arguments, output: pipe.writing, environment: environment)
        pipe.closeWriting()
        let bytes = pipe.readToEnd()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}
