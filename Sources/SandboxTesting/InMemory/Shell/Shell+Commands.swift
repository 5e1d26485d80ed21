import SandboxCore
import Synchronization
import SystemPackage

extension Shell {
    /// Assignments, redirections and one command.
    mutating func simple(_ assignments: [ShellAssignment], _ words: [ShellWord], _ redirects: [ShellRedirect]) async throws -> Int32 {
        var fields: [String] = []
        status = words.isEmpty ? 0 : status
        for word in words { fields += try await expand(word) }
        var values: [String: String] = [:]
        for assignment in assignments { values[assignment.name] = try await expandToText(assignment.value) }
        guard let name = fields.first else {
            variables.merge(values) { $1 }
            let before = context.descriptors
            defer { context.descriptors = before }
            return try await apply(redirects) ? status : 1
        }
        if name == "exec" {
            guard try await apply(redirects) else { return 1 }
            guard fields.count > 1 else { return 0 }
            throw ProcessExit(code: try await replace(Array(fields.dropFirst()), values))
        }
        let before = context.descriptors
        defer { context.descriptors = before }
        guard try await apply(redirects) else { return 1 }
        if let body = functions[name] { return try await call(body, Array(fields.dropFirst())) }
        if let code = try await builtIn(name, Array(fields.dropFirst()), values) { return code }
        return try await external(fields, values)
    }

    private mutating func call(_ body: ShellCommand, _ arguments: [String]) async throws -> Int32 {
        let before = positional
        defer { positional = before }
        positional = arguments
        do { return try await run(body) } catch Jump.leaveFunction { return status }
    }

    private func external(_ fields: [String], _ values: [String: String]) async throws -> Int32 {
        let child: MemoryProcess
        do {
            let found = try find(fields[0])
            child = context.group.spawn(
                found.program, arguments: found.prefix + fields.dropFirst(), environment: environment.merging(values) { $1 },
                directory: context.directory, descriptors: context.descriptors, parent: context.process)
        } catch let failure as ExecStartFailure {
            try await context.write(
                Array("sh: \(fields[0]): \(failure.reason == .commandNotFound ? "not found" : "Permission denied")\n".utf8), to: 2)
            return failure.exitStatus
        }
        return try await self.await(child)
    }

    private func find(_ name: String) throws -> (program: Program, prefix: [String]) {
        try ProgramLookup.find(name, environment: variables, directory: context.directory, disk: context.disk)
    }

    /// Runs a program in place of this shell.
    private func replace(_ fields: [String], _ values: [String: String]) async throws -> Int32 {
        do {
            let found = try find(fields[0])
            var inner = context
            inner.arguments = found.prefix + fields.dropFirst()
            inner.environment = environment.merging(values) { $1 }
            for signal in 1...64 where !context.process.ignoredSignals.contains(Int32(signal)) {
                context.process.setDisposition(nil, for: Int32(signal))
            }
            return try await found.program(inner)
        } catch let failure as ExecStartFailure {
            try await context.write(Array("sh: exec: \(failure)\n".utf8), to: 2)
            return failure.exitStatus
        }
    }

    /// What only the shell itself can do; nil when the word is none of it.
    private mutating func builtIn(_ name: String, _ words: [String], _ values: [String: String]) async throws -> Int32? {
        switch name {
        case ":", "true", "umask": return 0
        case "false": return 1
        case "exit": throw ProcessExit(code: words.first.flatMap { Int32($0) } ?? status)
        case "return":
            status = words.first.flatMap { Int32($0) } ?? status
            throw Jump.leaveFunction
        case "break": throw Jump.leaveLoop
        case "continue": throw Jump.nextRound
        case "cd": return try await changeDirectory(words.first ?? variables["HOME"] ?? "/")
        case "export", "readonly", "local":
            for word in words {
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                if parts.count == 2 { variables[parts[0]] = parts[1] }
                if name == "export" { exported.insert(parts[0]) }
            }
            return 0
        case "unset":
            for word in words where word != "-v" { variables[word] = nil }
            return 0
        case "set":
            if words.first == "--" { positional = Array(words.dropFirst()) }
            return 0
        case "shift":
            positional = Array(positional.dropFirst(words.first.flatMap { Int($0) } ?? 1))
            return 0
        case "eval": return try await run(try ShellParser.parse(words.joined(separator: " ")))
        case "command":
            if words.first == "-v" {
                guard let wanted = words.dropFirst().first, (try? find(wanted)) != nil else { return 127 }
                try await context.print("/bin/" + wanted)
                return 0
            }
            return try await external(words, values)
        case "trap": return trap(words)
        case "wait": return try await wait(words)
        case "read": return try await read(words.filter { $0 != "-r" })
        case "kill":
            var inner = context
            inner.arguments = ["kill"] + words
            return try await Programs.kill(inner)
        case "echo", "printf", "test", "[", "pwd":
            var inner = context
            inner.arguments = [name] + words
            return try await Programs.all[name]?(inner)
        default: return nil
        }
    }

    private mutating func changeDirectory(_ path: String) async throws -> Int32 {
        let bytes = FilePath(bytes: context.absolute(path)).lexicallyNormalized().bytes
        do {
            try context.disk.tree.withLock { tree in
                let id = try tree.node(bytes)
                guard tree[id]?.kind == .directory else {
                    throw FileRefusal(.notDirectory, path: FilePath(bytes: bytes), message: "not a directory")
                }
                guard tree.allows(id, Access.execute) else {
                    throw FileRefusal(.permissionDenied, path: FilePath(bytes: bytes), message: "permission denied")
                }
            }
        } catch let refusal as FileRefusal {
            try await context.write(Array("sh: cd: \(path): \(refusal.message)\n".utf8), to: 2)
            return 2
        }
        context.directory = bytes
        variables["PWD"] = String(decoding: bytes, as: UTF8.self)
        return 0
    }

    private mutating func trap(_ words: [String]) -> Int32 {
        guard let action = words.first, words.count > 1 else { return 0 }
        for word in words.dropFirst() {
            if word == "EXIT" || word == "0" {
                exitTrap = action == "-" ? nil : action
                continue
            }
            guard let signal = try? ExecSignal(parsing: word) else { return 1 }
            let disposition: MemoryProcess.Disposition? = action == "-" ? nil : action.isEmpty ? .ignored : .trapped(action)
            context.process.setDisposition(disposition, for: signal.number)
        }
        return 0
    }

    /// Waits for children; a trapped signal ends the wait.
    private mutating func wait(_ words: [String]) async throws -> Int32 {
        let wanted = words.compactMap { Int32($0) }
        var code: Int32 = 0
        for job in jobs where wanted.isEmpty || wanted.contains(job.id) {
            let own = context.process
            let interrupted = try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    _ = try await job.ending()
                    return false
                }
                group.addTask {
                    while true {
                        let seen = own.bell.count
                        if own.hasPendingTraps { return true }
                        try await own.bell.wait(past: seen)
                    }
                }
                defer { group.cancelAll() }
                return try await group.next() ?? false
            }
            if interrupted { return 128 + 15 }
            if let outcome = job.outcome, !wanted.isEmpty { code = outcome.exitStatus }
        }
        return code
    }

    private mutating func read(_ names: [String]) async throws -> Int32 {
        var line: [UInt8] = []
        var ended = false
        while true {
            let byte = try await context.read(1)
            ended = byte.isEmpty
            if ended || byte == [0x0A] { break }
            line += byte
        }
        var words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: true)[...]
        for (index, name) in names.enumerated() {
            let isLast = index == names.count - 1
            variables[name] = isLast ? words.joined(separator: " ") : words.first.map(String.init) ?? ""
            words = words.dropFirst()
        }
        return ended ? 1 : 0
    }
}
