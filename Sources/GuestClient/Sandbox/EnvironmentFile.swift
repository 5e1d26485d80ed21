public import SandboxCore
public import SystemPackage

/// A sandbox' environment, kept in a file inside it, so that a later Sandlot process gives the same to every exec without the host's disk or
/// a store ever holding its secrets. Whatever the sandbox does to the file it does only to itself.
public enum EnvironmentFile {
    private static let limit = 256 << 10

    /// Its path in a directory of the sandbox that only the guest's user can read.
    public static func place(in directory: FilePath) -> FilePath { directory.appending("environment") }

    private static func encoded(_ environment: [String: String]) throws -> [UInt8] {
        let bytes: [UInt8] = environment.sorted { $0.key < $1.key }.flatMap { Array("\($0.key)=\($0.value)".utf8) + [UInt8(0)] }
        guard bytes.count <= limit else {
            throw SandboxError(.limitExceeded, "the environment has \(bytes.count) bytes", remedy: "keep it below \(limit) bytes")
        }
        return bytes
    }

    /// `NAME=VALUE` texts, each with a zero byte behind it; what is no pair is left out.
    public static func decoded(_ bytes: [UInt8]) -> [String: String] {
        var environment: [String: String] = [:]
        for piece in bytes.split(separator: 0) {
            let parts = piece.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { continue }
            environment[String(decoding: parts[0], as: UTF8.self)] = String(decoding: parts[1], as: UTF8.self)
        }
        return environment
    }

    /// Writes it, for the guest's user alone.
    public static func write(_ environment: [String: String], to path: FilePath, of files: any SandboxFileSystem) async throws {
        try await files.write(try encoded(environment), to: path, options: FileWriteOptions(mode: 0o600))
    }

    /// Reads what `write` wrote.
    public static func read(_ path: FilePath, of files: any SandboxFileSystem) async throws -> [String: String] {
        decoded(try await files.read(path, offset: 0, length: limit))
    }

    /// Throws `invalidArgument` for names that cannot be in an environment, `limitExceeded` for more than 256 KiB.
    public static func check(_ environment: [String: String]) throws {
        for (name, value) in environment {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0), !value.utf8.contains(0) else {
                throw SandboxError(
                    .invalidArgument, "'\(name.prefix(80))' cannot be an environment variable, or its value holds a zero byte")
            }
        }
        _ = try encoded(environment)
    }

    /// What every command finds, whatever the host's environment is.
    public static func base(home: FilePath) -> [String: String] {
        [
            "HOME": home.string, "USER": "sandbox", "LOGNAME": "sandbox", "SHELL": "/bin/sh", "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
    }
}
