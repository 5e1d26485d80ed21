import Foundation
import Testing

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

    /// Starts the command and returns its process; output goes to `output`, else nowhere.
    func start(_ arguments: [String], output: FileHandle = .nullDevice, environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        process.environment = ProcessInfo.processInfo.environment
            .merging(["SANDLOT_DATA_DIRECTORY": dataDirectory, "SANDLOT_CONFIG": "/dev/null"]) { $1 }
            .merging(environment) { $1 }
        try process.run()
        return process
    }

    /// Runs to the end and returns exit status and output.
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> (status: Int32, output: String) {
        let pipe = Pipe()
        let process = try start(arguments, output: pipe.fileHandleForWriting, environment: environment)
        try pipe.fileHandleForWriting.close()
        let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}
