import SandboxCore
import SystemPackage

/// Runs parsed shell lines within one process. A subshell is a copy in a process of its own.
struct Shell: Sendable {
    var context: ProcessContext
    var variables: [String: String]
    var exported: Set<String>
    var functions: [String: ShellCommand] = [:]
    var name = "sh"
    var positional: [String] = []
    var status: Int32 = 0
    var jobs: [MemoryProcess] = []
    var exitTrap: String?

    /// How loops and functions are left.
    enum Jump: Error {
        case leaveLoop
        case nextRound
        case leaveFunction
    }

    init(_ context: ProcessContext) {
        self.context = context
        variables = context.environment
        exported = Set(context.environment.keys)
    }

    /// The program `sh`.
    static let program: Program = { context in
        var shell = Shell(context)
        var words = context.arguments.dropFirst()
        var line: String?
        while let word = words.first, word.hasPrefix("-"), word.count > 1 {
            words = words.dropFirst()
            if word == "-c" {
                line = words.first
                words = words.dropFirst()
                if let name = words.first {
                    shell.name = name
                    words = words.dropFirst()
                }
                break
            }
        }
        let text: String
        if let line {
            text = line
        } else if let script = words.first {
            shell.name = script
            words = words.dropFirst()
            text = String(decoding: try await Self.all(of: context.open(script, .read).source), as: UTF8.self)
        } else {
            text = String(decoding: try await Self.all(of: context.descriptors[0]?.source), as: UTF8.self)
        }
        shell.positional = Array(words)
        return try await shell.runWhole(text)
    }

    static func all(of source: (any ByteSource)?) async throws -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try await source?.read(64 << 10), !piece.isEmpty { all += piece }
        return all
    }

    private mutating func runWhole(_ text: String) async throws -> Int32 {
        do {
            status = try await run(try ShellParser.parse(text))
        } catch let error as ShellSyntaxError {
            try await context.write(Array("sh: \(error)\n".utf8), to: 2)
            status = 2
        } catch let exit as ProcessExit {
            status = exit.code
        } catch is Jump {}
        if let exitTrap {
            self.exitTrap = nil
            do { _ = try await run(try ShellParser.parse(exitTrap)) } catch let exit as ProcessExit { status = exit.code }
        }
        return status
    }

    var environment: [String: String] { variables.filter { exported.contains($0.key) } }

    /// Runs what signals asked for meanwhile; a killed shell stops here.
    private mutating func attend() async throws {
        try Task.checkCancellation()
        for line in context.process.takePendingTraps() {
            let before = status
            _ = try await run(try ShellParser.parse(line))
            status = before
        }
    }

    mutating func run(_ command: ShellCommand) async throws -> Int32 {
        status = try await execute(command)
        try await attend()
        return status
    }

    private mutating func execute(_ command: ShellCommand) async throws -> Int32 {
        switch command {
        case .simple(let assignments, let words, let redirects):
            return try await simple(assignments, words, redirects)
        case .pipeline(let commands, let negated):
            let code = try await pipeline(commands)
            return negated ? (code == 0 ? 1 : 0) : code
        case .and(let left, let right):
            let code = try await run(left)
            return code == 0 ? try await run(right) : code
        case .or(let left, let right):
            let code = try await run(left)
            return code == 0 ? 0 : try await run(right)
        case .list(let items):
            for item in items {
                if item.isBackground {
                    var child = context
                    // A background command of a shell without job control reads nothing.
                    child.descriptors[0] = Descriptor(source: NullDevice(), sink: nil)
                    jobs.append(fork(item.command, child.descriptors))
                    status = 0
                } else {
                    _ = try await run(item.command)
                }
            }
            return status
        case .subshell(let inner, let redirects):
            return try await redirected(redirects) { shell in try await shell.await(shell.fork(inner, shell.context.descriptors)) }
        case .group(let inner, let redirects):
            return try await redirected(redirects) { shell in try await shell.run(inner) }
        case .condition(let branches, let otherwise, let redirects):
            return try await redirected(redirects) { shell in
                for branch in branches where try await shell.run(branch.test) == 0 { return try await shell.run(branch.body) }
                guard let otherwise else { return 0 }
                return try await shell.run(otherwise)
            }
        case .loop(let test, let body, let until, let redirects):
            return try await redirected(redirects) { shell in
                var code: Int32 = 0
                while (try await shell.run(test) == 0) != until {
                    do { code = try await shell.run(body) } catch Jump.leaveLoop { break } catch Jump.nextRound { continue }
                    await Task.yield()
                }
                return code
            }
        case .each(let name, let words, let body, let redirects):
            return try await redirected(redirects) { shell in
                var fields = shell.positional
                if let words {
                    fields = []
                    for word in words { fields += try await shell.expand(word) }
                }
                var code: Int32 = 0
                for field in fields {
                    shell.variables[name] = field
                    do { code = try await shell.run(body) } catch Jump.leaveLoop { break } catch Jump.nextRound { continue }
                }
                return code
            }
        case .selection(let word, let branches):
            let subject = Array(try await expandToText(word).utf8)
            for branch in branches {
                for pattern in branch.patterns {
                    let text = Array(try await expandToPattern(pattern).utf8)
                    if GlobPattern.matchName(text[...], subject[...]) { return try await run(branch.body) }
                }
            }
            return 0
        case .function(let name, let body):
            functions[name] = body
            return 0
        }
    }

    /// Runs a body with other descriptors and puts the old ones back.
    private mutating func redirected(
        _ redirects: [ShellRedirect], _ body: (inout Shell) async throws -> Int32
    ) async throws -> Int32 {
        let before = context.descriptors
        defer { context.descriptors = before }
        guard try await apply(redirects) else { return 1 }
        return try await body(&self)
    }

    /// Opens the redirections; false after a complaint when one cannot be opened.
    mutating func apply(_ redirects: [ShellRedirect]) async throws -> Bool {
        for redirect in redirects {
            let target = try await expandToText(redirect.target)
            do {
                switch redirect.kind {
                case .read: context.descriptors[redirect.descriptor] = try context.open(target, .read)
                case .truncate: context.descriptors[redirect.descriptor] = try context.open(target, .truncate)
                case .append: context.descriptors[redirect.descriptor] = try context.open(target, .append)
                case .duplicate:
                    if target == "-" {
                        context.descriptors[redirect.descriptor] = nil
                    } else if let number = Int(target), let source = context.descriptors[number] {
                        context.descriptors[redirect.descriptor] = source
                    } else {
                        try await context.write(Array("sh: \(target): bad descriptor\n".utf8), to: 2)
                        return false
                    }
                }
            } catch let refusal as FileRefusal {
                try await context.write(Array("sh: \(target): \(refusal.message)\n".utf8), to: 2)
                return false
            }
        }
        return true
    }

    /// Starts a copy of this shell on a command.
    func fork(_ command: ShellCommand, _ descriptors: [Int: Descriptor]) -> MemoryProcess {
        let copy = self
        let program: Program = { context in
            var shell = copy
            shell.context = context
            shell.jobs = []
            shell.exitTrap = nil
            do { return try await shell.run(command) } catch let exit as ProcessExit { return exit.code } catch is Jump { return 0 }
        }
        return context.group.spawn(
            program, arguments: context.arguments, environment: environment, directory: context.directory, descriptors: descriptors,
            parent: context.process)
    }

    /// A child's exit code as `$?` shows it.
    func await(_ child: MemoryProcess) async throws -> Int32 { try await child.ending().exitStatus }

    private mutating func pipeline(_ commands: [ShellCommand]) async throws -> Int32 {
        var children: [MemoryProcess] = []
        var input = context.descriptors[0]
        for (index, command) in commands.enumerated() {
            var descriptors = context.descriptors
            descriptors[0] = input
            if index < commands.count - 1 {
                let pipe = Pipe()
                descriptors[1] = Descriptor(source: nil, sink: PipeWriter(pipe))
                input = Descriptor(source: PipeReader(pipe), sink: nil)
            } else {
                input = nil
            }
            children.append(fork(command, descriptors))
            descriptors = [:]
        }
        var code: Int32 = 0
        for child in children { code = try await self.await(child) }
        return code
    }
}
