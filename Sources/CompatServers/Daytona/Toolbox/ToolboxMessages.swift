/// The messages of the toolbox, which is the part of the service that acts inside a sandbox.
enum ToolboxMessages {
    struct Execute: Codable, Sendable {
        var command: String?
        var cwd: String?
        var envs: [String: String]?
        /// Seconds.
        var timeout: Int?
    }

    struct Executed: Codable, Sendable {
        var exitCode: Int32
        var result: String
    }

    struct CodeRun: Codable, Sendable {
        var code: String?
        var language: String?
        var argv: [String]?
        var envs: [String: String]?
        /// Seconds.
        var timeout: Int?
    }

    struct CodeRan: Codable, Sendable {
        struct Artifacts: Codable, Sendable {
            var charts: [String] = []
        }
        var exitCode: Int32
        var result: String
        var artifacts = Artifacts()
    }

    struct Directory: Codable, Sendable {
        var dir: String
    }

    struct Version: Codable, Sendable {
        var version: String
    }

    struct Paths: Codable, Sendable {
        var paths: [String]
    }

    struct Found: Codable, Sendable {
        var files: [String]
    }

    struct FileInfo: Codable, Sendable {
        var name: String
        var path: String
        var isDir: Bool
        var size: UInt64
        /// Octal digits.
        var mode: String
        var permissions: String
        var owner: String
        var group: String
        var modTime: String
        var modifiedAt: String
    }

    struct Match: Codable, Sendable {
        var file: String
        var line: Int
        var content: String
    }

    struct Replace: Codable, Sendable {
        var files: [String]
        var pattern: String
        var newValue: String
    }

    struct Replaced: Codable, Sendable {
        var file: String
        var success: Bool
        var error: String?
    }

    struct Uploaded: Codable, Sendable {
        struct File: Codable, Sendable {
            var path: String
            var bytes: Int
        }
        var files: [File] = []
        var errors: [String]?
    }
}
