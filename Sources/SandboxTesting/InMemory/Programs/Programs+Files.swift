import SandboxCore
import Synchronization
import SystemPackage

extension Programs {
    /// Programs that change and show the file system.
    static let files: [String: Program] = [
        "mkdir": { context in
            try await eachPath(context, options: ["-p"]) { tree, path, options in
                try tree.makeDirectory(path, mode: 0o755, parents: options.contains("-p"))
            }
        },
        "rm": { context in
            try await eachPath(context, options: ["-r", "-f", "-rf"]) { tree, path, options in
                let forced = options.contains { $0.contains("f") }
                if forced, (try? tree.node(path, followsLast: false)) == nil { return }
                try tree.remove(path, recursive: options.contains { $0.contains("r") })
            }
        },
        "rmdir": { context in
            try await eachPath(context, options: []) { tree, path, _ in try tree.remove(path, recursive: false) }
        },
        "touch": { context in
            try await eachPath(context, options: []) { tree, path, _ in
                let id = try tree.openForWriting(path, truncates: false)
                tree[id]?.modified = WallTime.now
            }
        },
        "chmod": { context in
            guard context.arguments.count > 2 else { return 1 }
            var inner = context
            let word = inner.arguments.remove(at: 1)
            let mode = UInt32(word, radix: 8)
            return try await eachPath(inner, options: []) { tree, path, _ in
                if let mode { return try tree.changeMode(path, mode: mode) }
                guard word == "+x" else { throw FileRefusal(.invalid, path: FilePath(word), message: "unknown mode") }
                let id = try tree.node(path)
                try tree.changeMode(path, mode: (tree[id]?.mode ?? 0) | 0o111)
            }
        },
        "ln": { context in
            let words = context.arguments.dropFirst()
            guard words.count == 3, words.first == "-s", let target = words.dropFirst().first, let link = words.last else {
                try await context.complain("only -s TARGET LINK")
                return 1
            }
            return try await change(context, link) { tree in
                try tree.makeSymbolicLink(context.absolute(link), target: Array(target.utf8))
            }
        },
        "mv": { context in
            let words = context.arguments.dropFirst().filter { $0 != "-f" }
            guard words.count == 2 else { return 1 }
            return try await change(context, words[0]) { tree in
                try tree.move(context.absolute(words[0]), to: context.absolute(words[1]), overwrite: true)
            }
        },
        "cp": { context in
            let words = context.arguments.dropFirst().filter { !$0.hasPrefix("-") }
            guard words.count == 2 else { return 1 }
            return try await change(context, words[0]) { tree in
                let id = try tree.readable(context.absolute(words[0]))
                try tree.write(tree[id]?.bytes ?? [], to: context.absolute(words[1]), options: FileWriteOptions())
            }
        },
        "readlink": { context in
            guard let word = context.arguments.last else { return 1 }
            let target = context.disk.tree.withLock { tree -> [UInt8]? in
                guard let id = try? tree.node(context.absolute(word), followsLast: false), tree[id]?.kind == .symbolicLink else {
                    return nil
                }
                return tree[id]?.bytes
            }
            guard let target else { return 1 }
            try await context.write(target + [0x0A])
            return 0
        },
        "ls": { context in
            let words = context.arguments.dropFirst()
            let showsHidden = words.contains { $0.hasPrefix("-") && ($0.contains("a") || $0.contains("A")) }
            let path = words.first { !$0.hasPrefix("-") } ?? "."
            do {
                let names = try context.disk.tree.withLock { tree -> [Name] in
                    let id = try tree.node(context.absolute(path))
                    guard tree[id]?.kind == .directory else { return [Array(path.utf8)] }
                    guard tree.allows(id, Access.read) else {
                        throw FileRefusal(.permissionDenied, path: FilePath(path), message: "permission denied")
                    }
                    return tree[id]?.children.keys.sorted(by: NameOrder.precedes) ?? []
                }
                for name in names where showsHidden || name.first != 0x2E { try await context.write(name + [0x0A]) }
                return 0
            } catch let refusal as FileRefusal {
                try await context.complain("\(path): \(refusal.message)")
                return 2
            }
        },
    ]

    private static func change(
        _ context: ProcessContext, _ word: String, _ body: (inout MemoryTree) throws -> Void
    ) async throws -> Int32 {
        do {
            try context.disk.tree.withLock { tree in try body(&tree) }
            context.disk.changed(FilePath(bytes: context.absolute(word)).lexicallyNormalized().bytes, .modified)
            return 0
        } catch let refusal as FileRefusal {
            try await context.complain("\(word): \(refusal.message)")
            return 1
        }
    }

    private static func eachPath(
        _ context: ProcessContext, options known: Set<String>,
        _ body: (inout MemoryTree, [UInt8], [String]) throws -> Void
    ) async throws -> Int32 {
        let words = context.arguments.dropFirst()
        let options = words.prefix { $0.hasPrefix("-") }
        for option in options where !known.contains(option) && option != "--" {
            try await context.complain("unknown option \(option)")
            return 1
        }
        var code: Int32 = 0
        for word in words.dropFirst(options.count) {
            let result = try await change(context, word) { tree in try body(&tree, context.absolute(word), Array(options)) }
            if result != 0 { code = result }
        }
        return code
    }
}
