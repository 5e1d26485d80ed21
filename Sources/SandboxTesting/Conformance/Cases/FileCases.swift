import SandboxCore
import SystemPackage

/// Single files through the file calls.
enum FileCases {
    static let all: [ConformanceCase] =
        contents + refusals + writing
        + [
            files("stat-kinds", "stat tells files, directories and links apart, with size, mode and target") { c, sandbox in
                let files = sandbox.files
                try await files.write(text: "12345", to: "plain", options: FileWriteOptions(mode: 0o640))
                try await files.makeDirectory("folder", mode: 0o750, parents: false)
                try await files.makeSymbolicLink("link", target: "plain")
                let plain = try await files.stat("plain", followsLinks: false)
                try c.expect([UInt64(plain.mode), plain.size], equals: [0o640, 5], "mode and size")
                try c.expect(plain.kind, equals: .regular, "the file's kind")
                let folder = try await files.stat("folder", followsLinks: false)
                try c.expect(folder.kind, equals: .directory, "the folder's kind")
                try c.expect(folder.mode, equals: 0o750, "the folder's mode")
                let link = try await files.stat("link", followsLinks: false)
                try c.expect(link.kind, equals: .symbolicLink, "the link's kind")
                try c.expect(link.linkTarget, equals: "plain", "the link's target")
                try c.expect(try await files.stat("link", followsLinks: true).kind, equals: .regular, "the followed link's kind")
            },
            files("seen-by-commands", "commands see what file calls wrote, and the other way round") { c, sandbox in
                try await sandbox.files.write(text: "from the host\n", to: "in.txt")
                try c.expect(
                    try await c.output(of: "cat in.txt; echo from inside >out.txt", in: sandbox), equals: "from the host", "the output")
                try c.expect(
                    String(decoding: try await sandbox.files.readAll("out.txt"), as: UTF8.self), equals: "from inside\n", "the file")
            },
            files("before-any-exec", "a file call can be the first thing that a sandbox does") { c, sandbox in
                try await sandbox.files.write(text: "x", to: "first")
                try c.expect(try await sandbox.files.readAll("first"), equals: [0x78], "the content")
            },
            files("times", "a write sets the modification time to about now, and a later one moves it") { c, sandbox in
                try await sandbox.files.write(text: "a", to: "f")
                let first = try await sandbox.files.stat("f", followsLinks: true).modified
                try c.expect(abs(first - WallTime.now) < 3_600_000_000_000, "a time of today", found: "\(first)")
                _ = try await c.output(of: "sleep 0.05; echo b >>f", in: sandbox)
                let second = try await sandbox.files.stat("f", followsLinks: true).modified
                try c.expect(second > first, "a later time", found: "\(second - first) ns")
            },
        ]

    /// A case about the files of a fresh sandbox.
    static func files(
        _ name: String, _ summary: String, _ body: @escaping @Sendable (ConformanceContext, any Sandbox) async throws -> Void
    ) -> ConformanceCase {
        ConformanceCase("files.\(name)", summary, requires: [.files]) { c in try await body(c, try await c.makeSandbox()) }
    }

    private static func roundTrip(_ name: String, _ path: FilePath, _ bytes: [UInt8], _ summary: String) -> ConformanceCase {
        files(name, summary) { c, sandbox in
            try await sandbox.files.write(bytes, to: path, options: FileWriteOptions(createsParents: true))
            try c.expect(try await sandbox.files.readAll(path) == bytes, "the same \(bytes.count) bytes", found: "others")
            try c.expect(try await sandbox.files.stat(path, followsLinks: true).size, equals: UInt64(bytes.count), "the size")
        }
    }

    private static let contents: [ConformanceCase] = [
        roundTrip("text", "text.txt", Array("line\nline two\n".utf8), "text comes back as it was written"),
        roundTrip("utf8", "utf8.txt", Array("grüße 日本 👩‍👧\u{301}".utf8), "UTF-8 text comes back as it was written"),
        roundTrip(
            "binary", "data.bin", (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 2) },
            "binary content comes back as it was written"),
        roundTrip("empty", "empty", [], "an empty file is a file of zero bytes"),
        roundTrip("only-newlines", "newlines", Array("\n\n\n".utf8), "line ends alone are kept"),
        roundTrip("carriage-returns", "crlf", Array("a\r\nb\r".utf8), "carriage returns are kept"),
        roundTrip("name-spaces", "a name with  spaces .txt", [1, 2], "a name with spaces works"),
        roundTrip("name-unicode", "grüße-日本-👩‍👧.txt", [1, 2], "a name with unicode works"),
        roundTrip("name-special", "-n $HOME `x` 'q' \"d\" *?[a];&|\\", [1, 2], "a name full of what shells interpret works"),
        roundTrip("name-newline", "two\nlines", [1, 2], "a name with a line end works"),
        roundTrip("path-relative", "some/folder/below/file", [7], "a relative path means the workspace"),
        files("path-absolute", "an absolute path is taken as it is") { c, sandbox in
            let path = sandbox.workspacePath.appending("folder").appending("file")
            try await sandbox.files.write(text: "x", to: path, options: FileWriteOptions(createsParents: true))
            try c.expect(try await c.output(of: "cat folder/file", in: sandbox), equals: "x", "the content")
        },
        files("large", "50 MiB (5 at a service) written as a stream come back by stream, and a command sees the same size") { c, sandbox in
            let block = (0..<262_144).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            try await sandbox.files.write(
                MemoryFiles.stream(Array(repeating: block, count: c.largeVolume / block.count)), to: "large", options: FileWriteOptions())
            var check = RepeatedBlock(block)
            for try await piece in try await sandbox.files.contents(of: "large", offset: 0, length: nil) {
                try c.expect(check.accepts(piece), "the block again and again", found: "another byte near \(check.count)")
            }
            try c.expect(check.count, equals: c.largeVolume, "the bytes read")
            try c.expect(
                try await c.output(of: "wc -c <large", in: sandbox).filter(\.isNumber), equals: "\(c.largeVolume)", "the command's count")
        },
        files("range", "ranges are read exactly, at, over and past the end") { c, sandbox in
            try await sandbox.files.write(text: "0123456789", to: "digits")
            let files = sandbox.files
            for (offset, length, expected) in [(0, 3, "012"), (4, 2, "45"), (7, 100, "789"), (10, 5, ""), (99, 5, ""), (3, 0, "")] {
                let found = try await files.read("digits", offset: UInt64(offset), length: length)
                try c.expect(String(decoding: found, as: UTF8.self), equals: expected, "\(length) bytes at \(offset)")
            }
            var piece: [UInt8] = []
            for try await part in try await files.contents(of: "digits", offset: 2, length: 5) { piece += part }
            try c.expect(String(decoding: piece, as: UTF8.self), equals: "23456", "the streamed range")
        },
        files("read-is-bounded", "one read answers at most 256 KiB, and the next goes on there") { c, sandbox in
            let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 1) }
            try await sandbox.files.write(bytes, to: "big", options: FileWriteOptions())
            var all: [UInt8] = []
            while true {
                let piece = try await sandbox.files.read("big", offset: UInt64(all.count), length: 1 << 20)
                try c.expect(piece.count <= 256 << 10, "at most 256 KiB", found: "\(piece.count)")
                if piece.isEmpty { break }
                all += piece
            }
            try c.expect(all == bytes, "the same bytes", found: "\(all.count) others")
        },
        files("read-limit", "a whole read beyond its limit is refused as too large") { c, sandbox in
            try await sandbox.files.write([UInt8](repeating: 1, count: 2000), to: "f", options: FileWriteOptions())
            try await c.expectRefusal([.tooLarge], "a read of 2000 bytes with a limit of 1000") {
                _ = try await sandbox.files.readAll("f", limit: 1000)
            }
        },
        files("link-followed", "reading a symbolic link reads its target") { c, sandbox in
            try await sandbox.files.write(text: "target", to: "real")
            try await sandbox.files.makeSymbolicLink("alias", target: "real")
            try c.expect(String(decoding: try await sandbox.files.readAll("alias"), as: UTF8.self), equals: "target", "the content")
        },
    ]

    private static let refusals: [ConformanceCase] = [
        files("read-missing", "reading what does not exist is not_found") { c, sandbox in
            try await c.expectRefusal([.notFound], "the read") { _ = try await sandbox.files.read("nothing", offset: 0, length: 10) }
            try await c.expectRefusal([.notFound], "the read of a whole") { _ = try await sandbox.files.readAll("nothing/here") }
            try await c.expectRefusal([.notFound], "the stat") { _ = try await sandbox.files.stat("nothing", followsLinks: true) }
        },
        files("read-directory", "reading a directory is is_directory") { c, sandbox in
            try await sandbox.files.makeDirectory("folder", mode: 0o755, parents: false)
            try await c.expectRefusal([.isDirectory], "the read") { _ = try await sandbox.files.readAll("folder") }
        },
        files("write-directory", "writing to a directory is is_directory, and it is untouched") { c, sandbox in
            try await sandbox.files.makeDirectory("folder", mode: 0o755, parents: false)
            try await c.expectRefusal([.isDirectory], "the write") { try await sandbox.files.write(text: "x", to: "folder") }
            try c.expect(try await sandbox.files.stat("folder", followsLinks: false).kind, equals: .directory, "its kind")
        },
        files("not-a-directory", "a path through a file is not_directory") { c, sandbox in
            try await sandbox.files.write(text: "x", to: "plain")
            try await c.expectRefusal([.notDirectory], "the read") { _ = try await sandbox.files.readAll("plain/below") }
            try await c.expectRefusal([.notDirectory], "the write") { try await sandbox.files.write(text: "y", to: "plain/below") }
        },
        files("write-missing-parent", "without the wish for parents a missing one is not_found, and nothing is made") { c, sandbox in
            try await c.expectRefusal([.notFound], "the write") { try await sandbox.files.write(text: "x", to: "no/such/file") }
            try c.expect(try await c.output(of: "ls -A", in: sandbox), equals: "", "the workspace")
        },
        files("write-denied", "writing where the sandbox' user may not is permission_denied") { c, sandbox in
            try await notRoot(c, sandbox)
            try await sandbox.files.makeDirectory("locked", mode: 0o555, parents: false)
            try await c.expectRefusal([.permissionDenied], "the write") { try await sandbox.files.write(text: "x", to: "locked/file") }
        },
        files("read-denied", "reading what the sandbox' user may not is permission_denied") { c, sandbox in
            try await notRoot(c, sandbox)
            try await sandbox.files.write(text: "x", to: "closed", options: FileWriteOptions(mode: 0o000))
            try await c.expectRefusal([.permissionDenied], "the read") { _ = try await sandbox.files.readAll("closed") }
        },
        files("name-too-long", "a name longer than the system takes is refused as invalid or too_large") { c, sandbox in
            let name = FilePath(String(repeating: "n", count: 300))
            try await c.expectRefusal([.invalid, .tooLarge], "the write") { try await sandbox.files.write(text: "x", to: name) }
        },
        files("link-loop", "a loop of symbolic links is refused, and does not hang") { c, sandbox in
            try await sandbox.files.makeSymbolicLink("a", target: "b")
            try await sandbox.files.makeSymbolicLink("b", target: "a")
            do {
                _ = try await sandbox.files.readAll("a")
                throw ConformanceFailure(expected: "a refusal", found: "content")
            } catch is FileRefusal {}
        },
        files("link-dangling", "a link to nothing is not_found when followed, and there when not") { c, sandbox in
            try await sandbox.files.makeSymbolicLink("dangling", target: "nowhere")
            try await c.expectRefusal([.notFound], "the followed stat") { _ = try await sandbox.files.stat("dangling", followsLinks: true) }
            try c.expect(try await sandbox.files.stat("dangling", followsLinks: false).linkTarget, equals: "nowhere", "its target")
        },
    ]

    /// Root is refused nothing, so there is nothing to see.
    static func notRoot(_ c: ConformanceContext, _ sandbox: any Sandbox) async throws {
        let line = "mkdir denied; chmod 555 denied; if ( : >denied/x ); then echo root; fi; rm -rf denied; :"
        if try await c.output(of: "(\(line)) 2>/dev/null", in: sandbox) == "root" {
            throw ConformanceSkip("the sandbox' user may do everything")
        }
    }

    private static let writing: [ConformanceCase] = [
        files("overwrite", "writing again replaces the content, shorter too") { c, sandbox in
            try await sandbox.files.write(text: "a long first content", to: "f")
            try await sandbox.files.write(text: "short", to: "f")
            try c.expect(String(decoding: try await sandbox.files.readAll("f"), as: UTF8.self), equals: "short", "the content")
        },
        files("keeps-mode", "replacing a file keeps its mode, and a mode that is given wins") { c, sandbox in
            try await sandbox.files.write(text: "#!", to: "tool", options: FileWriteOptions(mode: 0o755))
            try await sandbox.files.write(text: "#!/bin/sh", to: "tool")
            try c.expect(try await sandbox.files.stat("tool", followsLinks: true).mode, equals: 0o755, "the kept mode")
            try await sandbox.files.write(text: "x", to: "tool", options: FileWriteOptions(mode: 0o600))
            try c.expect(try await sandbox.files.stat("tool", followsLinks: true).mode, equals: 0o600, "the given mode")
        },
        files("default-mode", "a new file has mode 0644") { c, sandbox in
            try await sandbox.files.write(text: "x", to: "f")
            try c.expect(try await sandbox.files.stat("f", followsLinks: true).mode, equals: 0o644, "the mode")
        },
        files("creates-parents", "with the wish for parents they are made") { c, sandbox in
            try await sandbox.files.write(text: "x", to: "a/b/c/d", options: FileWriteOptions(createsParents: true))
            try c.expect(try await sandbox.files.stat("a/b/c", followsLinks: false).kind, equals: .directory, "the parent's kind")
        },
        files("append", "appending adds to the end, and makes a file that is not there") { c, sandbox in
            try await sandbox.files.write(text: "one", to: "log", options: FileWriteOptions(appends: true))
            try await sandbox.files.write(text: "two", to: "log", options: FileWriteOptions(appends: true))
            try c.expect(String(decoding: try await sandbox.files.readAll("log"), as: UTF8.self), equals: "onetwo", "the content")
        },
        files("exclusive", "an exclusive write makes a new file and refuses a taken name as already_exists, leaving it as it was") {
            c, sandbox in
            try await sandbox.files.write(text: "first", to: "f", options: FileWriteOptions(exclusive: true))
            try await c.expectRefusal([.alreadyExists], "the second write") {
                try await sandbox.files.write(text: "second", to: "f", options: FileWriteOptions(exclusive: true))
            }
            try c.expect(String(decoding: try await sandbox.files.readAll("f"), as: UTF8.self), equals: "first", "the content")
        },
        files("failed-stream", "a stream that throws leaves the file as it was, and nothing beside it") { c, sandbox in
            struct Broken: Error {}
            try await sandbox.files.write(text: "before", to: "f")
            let pieces = MemoryFiles.stream([[UInt8](repeating: 1, count: 100_000)])
            let stream = SandboxStream<[UInt8]> {
                var iterator = pieces.makeAsyncIterator()
                if let piece = try await iterator.next() { return piece }
                throw Broken()
            }
            do {
                try await sandbox.files.write(stream, to: "f", options: FileWriteOptions())
                throw ConformanceFailure(expected: "the stream's error", found: "none")
            } catch is Broken {} catch let error as SandboxError where error.cause is Broken {}
            try c.expect(String(decoding: try await sandbox.files.readAll("f"), as: UTF8.self), equals: "before", "the content")
            // The withdrawal may still be on its way when the error is told.
            try c.expect(
                try await c.output(
                    of: "n=0; while [ $(ls -A | wc -l) -ne 1 ] && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.02; done; ls -A", in: sandbox),
                equals: "f", "the workspace")
        },
        files("atomic", "who reads a file while it is replaced sees the old or the new content, never a mixture") { c, sandbox in
            let old = [UInt8](repeating: 0x61, count: 300_000)
            let new = [UInt8](repeating: 0x62, count: 300_000)
            try await sandbox.files.write(old, to: "f", options: FileWriteOptions())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for round in 0..<20 { try await sandbox.files.write(round % 2 == 0 ? new : old, to: "f", options: FileWriteOptions()) }
                }
                for _ in 0..<20 {
                    let found = try await sandbox.files.readAll("f")
                    try c.expect(found == old || found == new, "one of both contents", found: "\(found.count) mixed bytes")
                }
                try await group.waitForAll()
            }
        },
        files("concurrent", "32 files are written and read at once") { c, sandbox in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<32 {
                    group.addTask {
                        let path = FilePath("file-\(number)")
                        let bytes = [UInt8](repeating: UInt8(number), count: 20_000 + number)
                        try await sandbox.files.write(bytes, to: path, options: FileWriteOptions())
                        try c.expect(try await sandbox.files.readAll(path) == bytes, "the bytes of \(path)", found: "others")
                    }
                }
                try await group.waitForAll()
            }
        },
    ]
}
