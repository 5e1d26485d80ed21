import SandboxCore
import SystemPackage

/// Directories, links and modes.
enum FolderCases {
    static let all: [ConformanceCase] = [
        FileCases.files("list", "a directory's entries come sorted by name bytes, hidden ones too, with their kinds") { c, sandbox in
            _ = try await c.output(of: ": >b; : >a; : >.hidden; mkdir dir; ln -s a link; : >Z", in: sandbox)
            let found = try await sandbox.files.listAll(".")
            try c.expect(found.map(\.path.string), equals: [".hidden", "Z", "a", "b", "dir", "link"], "the names")
            try c.expect(found.map(\.kind), equals: [.regular, .regular, .regular, .regular, .directory, .symbolicLink], "the kinds")
        },
        FileCases.files("list-pages", "3000 entries come in pages, each once") { c, sandbox in
            _ = try await c.output(of: "mkdir many; cd many; i=1000; while [ $i -lt 4000 ]; do : >f$i; i=$((i + 1)); done", in: sandbox)
            var names: [String] = []
            var cursor: FilePath?
            while true {
                let page = try await sandbox.files.list("many", after: cursor, limit: 700)
                try c.expect(page.entries.count <= 700, "at most 700 entries", found: "\(page.entries.count)")
                names += page.entries.map(\.path.string)
                cursor = page.entries.last?.path
                if !page.more { break }
            }
            try c.expect(names == (1000..<4000).map { "f\($0)" }, "all 3000 names in order", found: "\(names.count) names")
        },
        FileCases.files("list-pages-bytes", "names that are no text are listed too, each once, or cannot be made") { c, sandbox in
            let names = [[0x61, 0xFF], [0x61, 0xFF, 0x62], [0xC3], [0xFE, 0x0A]].map { FilePath(bytes: $0 as [UInt8]) }
            do {
                for name in names { try await sandbox.files.write(text: "x", to: name) }
            } catch let error as SandboxError where [.invalidArgument, .unsupported].contains(error.code) {
                return
            } catch let refusal as FileRefusal where refusal.reason == .invalid {
                return
            }
            var found: [FilePath] = []
            // One a page, so that each of them is a cursor.
            while found.count <= names.count {
                let page = try await sandbox.files.list(".", after: found.last, limit: 1)
                found += page.entries.map(\.path)
                if !page.more { break }
            }
            try c.expect(found, equals: names, "the names")
        },
        FileCases.files("list-empty", "an empty directory lists nothing") { c, sandbox in
            try await sandbox.files.makeDirectory("empty", mode: 0o755, parents: false)
            let page = try await sandbox.files.list("empty", after: nil, limit: 10)
            try c.expect(page.entries.count, equals: 0, "the entries")
            try c.expect(page.more, equals: false, "more")
        },
        FileCases.files("list-refusals", "listing what is missing or is no directory is refused") { c, sandbox in
            try await sandbox.files.write(text: "x", to: "plain")
            try await c.expectRefusal([.notFound], "a missing one") { _ = try await sandbox.files.list("missing", after: nil, limit: 10) }
            try await c.expectRefusal([.notDirectory], "a file") { _ = try await sandbox.files.list("plain", after: nil, limit: 10) }
        },
        FileCases.files("list-odd-names", "names with spaces, line ends and unicode are listed as they are") { c, sandbox in
            let names = ["-dash", "a b", "new\nline", "quote'\"", "ünïcode"]
            for name in names { try await sandbox.files.write(text: "x", to: FilePath(name)) }
            try c.expect(try await sandbox.files.listAll(".").map(\.path.string), equals: names, "the names")
        },
        FileCases.files("make-directory", "directories are made with their mode, with parents where wished, and refused where taken") {
            c, sandbox in
            let files = sandbox.files
            try await files.makeDirectory("one", mode: 0o700, parents: false)
            try c.expect(try await files.stat("one", followsLinks: false).mode, equals: 0o700, "the mode")
            try await files.makeDirectory("a/b/c", mode: 0o755, parents: true)
            try await files.makeDirectory("a/b/c", mode: 0o755, parents: true)
            try await c.expectRefusal([.alreadyExists], "a taken name") {
                try await files.makeDirectory("one", mode: 0o755, parents: false)
            }
            try await c.expectRefusal([.notFound], "a missing parent") { try await files.makeDirectory("x/y", mode: 0o755, parents: false) }
        },
        FileCases.files("remove", "files, empty directories and trees are removed; a full one only when wished") { c, sandbox in
            let files = sandbox.files
            _ = try await c.output(of: ": >f; mkdir empty full; : >full/x; mkdir full/sub; ln -s full link", in: sandbox)
            try await files.remove("f", recursive: false)
            try await files.remove("empty", recursive: false)
            try await c.expectRefusal([.notEmpty], "a full directory") { try await files.remove("full", recursive: false) }
            try await files.remove("link", recursive: true)
            try c.expect(try await files.stat("full/x", followsLinks: false).kind, equals: .regular, "what the link led to")
            try await files.remove("full", recursive: true)
            try await c.expectRefusal([.notFound], "what is gone") { try await files.remove("full", recursive: true) }
            try c.expect(try await c.output(of: "ls -A", in: sandbox), equals: "", "the workspace")
        },
        FileCases.files("remove-keeps-outside", "removing a tree does not follow links out of it") { c, sandbox in
            _ = try await c.output(of: "mkdir keep tree; : >keep/precious; ln -s ../keep tree/link", in: sandbox)
            try await sandbox.files.remove("tree", recursive: true)
            try c.expect(try await c.output(of: "ls keep", in: sandbox), equals: "precious", "the folder outside")
        },
        FileCases.files("move", "files and directories move; a taken target only with the wish to overwrite") { c, sandbox in
            let files = sandbox.files
            _ = try await c.output(of: "echo a >a; echo b >b; mkdir -p d/e", in: sandbox)
            try await c.expectRefusal([.alreadyExists], "a taken target") { try await files.move("a", to: "b", overwrite: false) }
            try c.expect(try await c.output(of: "cat a b", in: sandbox), equals: "a\nb", "both files")
            try await files.move("a", to: "b", overwrite: true)
            try await files.move("d", to: "renamed", overwrite: false)
            try c.expect(try await c.output(of: "cat b; ls; ls renamed", in: sandbox), equals: "a\nb\nrenamed\ne", "the workspace")
            try await c.expectRefusal([.notFound], "a missing source") { try await files.move("a", to: "c", overwrite: true) }
        },
        FileCases.files("change-mode", "modes change, and the execute bit counts") { c, sandbox in
            try await sandbox.files.write(text: "#!/bin/sh\necho ran\n", to: "tool")
            try await sandbox.files.changeMode("tool", mode: 0o755)
            try c.expect(try await c.output(of: "./tool", in: sandbox), equals: "ran", "the output")
            try await c.expectRefusal([.notFound], "a missing file") { try await sandbox.files.changeMode("missing", mode: 0o755) }
        },
        FileCases.files("symbolic-link", "links are made as given, and a taken name is refused") { c, sandbox in
            try await sandbox.files.makeSymbolicLink("link", target: "some/where else")
            try c.expect(try await c.output(of: "readlink link", in: sandbox), equals: "some/where else", "the target")
            try await c.expectRefusal([.alreadyExists], "a taken name") { try await sandbox.files.makeSymbolicLink("link", target: "x") }
        },
    ]
}
