import SandboxCore
import Synchronization

/// The built-in programs, by name.
enum Programs {
    static let all: [String: Program] = {
        var list: [String: Program] = [
            "true": { _ in 0 },
            "false": { _ in 1 },
            "sh": Shell.program,
            "kill": kill,
            "test": test,
            "[": test,
            "sleep": sleep,
            "env": env,
            "id": { context in
                try await context.print(context.arguments.contains("-u") ? "1000" : "uid=1000(user) gid=1000(user)")
                return 0
            },
            "hostname": { context in
                try await context.print(context.environment["HOSTNAME"] ?? "sandbox")
                return 0
            },
            "pwd": { context in
                try await context.write(context.directory + [0x0A])
                return 0
            },
        ]
        list.merge(text) { $1 }
        list.merge(files) { $1 }
        return list
    }()

    static let sleep: Program = { context in
        var total = Duration.zero
        for word in context.arguments.dropFirst() {
            guard let seconds = Double(word), seconds >= 0 else {
                try await context.complain("'\(word)' is no time")
                return 1
            }
            total += .milliseconds(Int64(seconds * 1000))
        }
        try await context.group.machine.clock.sleep(for: total)
        return 0
    }

    static let kill: Program = { context in
        var words = Array(context.arguments.dropFirst())
        var signal = ExecSignal.terminate
        if words.first == "-s", words.count > 1 {
            words.removeFirst()
            words[0] = "-" + words[0]
        }
        if let option = words.first, option.hasPrefix("-"), option != "--", words.count > 1 || Int32(option) == nil {
            words.removeFirst()
            if option == "-0" {
                return words.allSatisfy { Int32($0).flatMap { context.group.machine.process($0) } != nil } ? 0 : 1
            }
            guard let parsed = try? ExecSignal(parsing: String(option.dropFirst())) else {
                try await context.complain("'\(option)' is no signal")
                return 1
            }
            signal = parsed
        }
        var code: Int32 = 0
        for word in words where word != "--" {
            guard let id = Int32(word) else {
                code = 1
                continue
            }
            if id == -1 {
                for process in context.group.machine.processes where process.id != context.process.id { process.deliver(signal) }
            } else if let process = context.group.machine.process(id) {
                process.deliver(signal)
            } else {
                try await context.complain("(\(id)) - No such process")
                code = 1
            }
        }
        return code
    }

    static let env: Program = { context in
        var inner = context
        var words = context.arguments.dropFirst()
        if words.first == "-i" || words.first == "-" {
            inner.environment = [:]
            words = words.dropFirst()
        }
        while let word = words.first, let equals = word.firstIndex(of: "=") {
            inner.environment[String(word[..<equals])] = String(word[word.index(after: equals)...])
            words = words.dropFirst()
        }
        guard let name = words.first else {
            for (key, value) in inner.environment.sorted(by: { $0.key < $1.key }) { try await inner.print("\(key)=\(value)") }
            return 0
        }
        do {
            let found = try ProgramLookup.find(name, environment: inner.environment, directory: inner.directory, disk: inner.disk)
            inner.arguments = found.prefix + words.dropFirst()
            return try await found.program(inner)
        } catch let failure as ExecStartFailure {
            try await context.complain(failure.message)
            return failure.exitStatus
        }
    }

    static let test: Program = { context in
        var words = context.arguments.dropFirst()
        if context.arguments.first == "[" { words = words.dropLast() }
        var negated = false
        while words.first == "!" {
            negated.toggle()
            words = words.dropFirst()
        }
        guard let result = holds(Array(words), context) else {
            try await context.complain("bad expression")
            return 2
        }
        return result != negated ? 0 : 1
    }

    private static func holds(_ words: [String], _ context: ProcessContext) -> Bool? {
        switch words.count {
        case 0: return false
        case 1: return !words[0].isEmpty
        case 2: return isTrue(words[0], words[1], context)
        case 3:
            let (left, right) = (words[0], words[2])
            switch words[1] {
            case "=": return left == right
            case "!=": return left != right
            default: break
            }
            guard let first = Int(left), let second = Int(right) else { return nil }
            switch words[1] {
            case "-eq": return first == second
            case "-ne": return first != second
            case "-lt": return first < second
            case "-le": return first <= second
            case "-gt": return first > second
            case "-ge": return first >= second
            default: return nil
            }
        default: return nil
        }
    }

    private static func isTrue(_ option: String, _ word: String, _ context: ProcessContext) -> Bool? {
        switch option {
        case "-n": return !word.isEmpty
        case "-z": return word.isEmpty
        case "-t": return false
        default: break
        }
        return context.disk.tree.withLock { tree -> Bool? in
            let path = context.absolute(word)
            let follows = option != "-L" && option != "-h"
            guard let id = try? tree.node(path, followsLast: follows), let node = tree[id] else {
                return ["-e", "-f", "-d", "-s", "-r", "-w", "-x", "-L", "-h"].contains(option) ? false : nil
            }
            switch option {
            case "-e": return true
            case "-f": return node.kind == .regular
            case "-d": return node.kind == .directory
            case "-L", "-h": return node.kind == .symbolicLink
            case "-s": return !node.bytes.isEmpty
            case "-r": return tree.allows(id, Access.read)
            case "-w": return tree.allows(id, Access.write)
            case "-x": return tree.allows(id, Access.execute)
            default: return nil
            }
        }
    }
}
