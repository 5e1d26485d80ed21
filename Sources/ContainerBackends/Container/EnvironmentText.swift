import SandboxCore
import SystemPackage

/// A sandbox' environment. It is kept in a file in the sandbox' memory, so that a later Sandlot process gives the same to every exec without a
/// disk or the engine ever holding its secrets. Whatever the sandbox does to the file it does only to itself.
enum EnvironmentText {
    private static let limit = 256 << 10

    static func check(_ environment: [String: String]) throws {
        for (name, value) in environment {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0), !value.utf8.contains(0) else {
                throw SandboxError(
                    .invalidArgument, "'\(name.prefix(80))' cannot be an environment variable, or its value holds a zero byte",
                    remedy: "correct it")
            }
        }
        guard encoded(environment).count <= limit else {
            throw SandboxError(.limitExceeded, "the environment is larger than \(limit) bytes", remedy: "put large values into files")
        }
    }

    static func write(_ environment: [String: String], to path: FilePath, of files: any SandboxFileSystem) async throws {
        try await files.write(encoded(environment), to: path, options: FileWriteOptions(mode: 0o600))
    }

    static func read(_ path: FilePath, of files: any SandboxFileSystem) async throws -> [String: String] {
        let bytes = try await files.read(path, offset: 0, length: limit)
        return pairs(bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
    }

    /// `NAME=VALUE` texts as an engine lists them; what is no pair is left out.
    static func pairs(_ texts: [String]) -> [String: String] {
        var environment: [String: String] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, !parts[0].isEmpty { environment[String(parts[0])] = String(parts[1]) }
        }
        return environment
    }

    /// What every command finds, besides what the image says.
    static func base(home: FilePath) -> [String: String] {
        [
            "HOME": home.string, "USER": "sandbox", "LOGNAME": "sandbox", "SHELL": "/bin/sh", "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
    }

    private static func encoded(_ environment: [String: String]) -> [UInt8] {
        environment.sorted { $0.key < $1.key }.flatMap { Array("\($0.key)=\($0.value)".utf8) + [UInt8(0)] }
    }
}
