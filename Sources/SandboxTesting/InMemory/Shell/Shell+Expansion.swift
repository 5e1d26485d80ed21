import SandboxCore
import Synchronization
import SystemPackage

extension Shell {
    /// A field on its way: its text, and the same as a glob in which quoted characters stand for themselves.
    private struct Field {
        var text = ""
        var pattern = ""
        var isGlob = false
        var exists = false

        mutating func add(_ piece: String, quoted: Bool) {
            exists = true
            text += piece
            if quoted {
                for character in piece { pattern += "*?[]\\".contains(character) ? "\\\(character)" : String(character) }
            } else {
                pattern += piece
                // The command `[` is no glob: a class needs its end.
                if piece.contains(where: { "*?".contains($0) }) || (piece.contains("[") && piece.contains("]")) { isGlob = true }
            }
        }
    }

    /// A word as fields: expansions, field splitting, path names.
    mutating func expand(_ word: ShellWord) async throws -> [String] {
        var fields: [Field] = []
        var field = Field()
        for part in word.parts {
            if case .variable("@", nil, _, quoted: true) = part {
                for (index, value) in positional.enumerated() {
                    if index > 0 {
                        fields.append(field)
                        field = Field()
                    }
                    field.add(value, quoted: true)
                }
                continue
            }
            let (text, quoted, splits) = try await value(of: part)
            guard splits else {
                field.add(text, quoted: quoted)
                continue
            }
            var isFirst = true
            for piece in text.split(omittingEmptySubsequences: false, whereSeparator: { " \t\n".contains($0) }) {
                if !isFirst {
                    if field.exists { fields.append(field) }
                    field = Field()
                }
                isFirst = false
                if !piece.isEmpty { field.add(String(piece), quoted: false) }
            }
        }
        if field.exists { fields.append(field) }
        return fields.flatMap { field in
            let found = field.isGlob ? pathNames(field.pattern) : []
            return found.isEmpty ? [field.text] : found
        }
    }

    /// A word as one text, unsplit.
    mutating func expandToText(_ word: ShellWord) async throws -> String {
        var text = ""
        for part in word.parts { text += try await value(of: part).text }
        return text
    }

    /// A word as a pattern of `case`.
    mutating func expandToPattern(_ word: ShellWord) async throws -> String {
        var field = Field()
        for part in word.parts {
            let (text, quoted, _) = try await value(of: part)
            field.add(text, quoted: quoted)
        }
        return field.pattern
    }

    private mutating func value(of part: ShellWord.Part) async throws -> (text: String, quoted: Bool, splits: Bool) {
        switch part {
        case .text(let text, let quoted): return (text, quoted, false)
        case .variable(let name, let operation, let word, let quoted):
            return (try await variable(name, operation, word), quoted, !quoted)
        case .command(let command, let quoted):
            return (try await output(of: command), quoted, !quoted)
        case .arithmetic(let word):
            let text = try await expandToText(word)
            let known = variables
            return (String(try ShellArithmetic.evaluate(text) { known[$0] }), true, false)
        }
    }

    private mutating func variable(_ name: String, _ operation: String?, _ word: ShellWord?) async throws -> String {
        let value = parameter(name)
        switch operation {
        case "#": return String(value?.unicodeScalars.count ?? 0)
        case ":-" where value?.isEmpty ?? true, "-" where value == nil: return try await expandToText(word ?? ShellWord())
        case ":+": return value?.isEmpty ?? true ? "" : try await expandToText(word ?? ShellWord())
        case "+": return value == nil ? "" : try await expandToText(word ?? ShellWord())
        case "prefix", "##", "%", "%%":
            return Self.trim(value ?? "", try await expandToPattern(word ?? ShellWord()), operation ?? "")
        default: return value ?? ""
        }
    }

    private static func trim(_ value: String, _ pattern: String, _ operation: String) -> String {
        let bytes = Array(value.utf8)
        let glob = Array(pattern.utf8)[...]
        let lengths = operation.count == 2 && operation != "prefix" ? Array((0...bytes.count).reversed()) : Array(0...bytes.count)
        for length in lengths {
            if operation.hasPrefix("%") {
                if GlobPattern.matchName(glob, bytes.suffix(length)) { return String(decoding: bytes.dropLast(length), as: UTF8.self) }
            } else if GlobPattern.matchName(glob, bytes.prefix(length)) {
                return String(decoding: bytes.dropFirst(length), as: UTF8.self)
            }
        }
        return value
    }

    private func parameter(_ name: String) -> String? {
        switch name {
        case "?": return String(status)
        case "$": return String(context.process.id)
        case "!": return jobs.last.map { String($0.id) }
        case "#": return String(positional.count)
        case "@", "*": return positional.joined(separator: " ")
        case "0": return self.name
        default:
            if let index = Int(name) { return index <= positional.count ? positional[index - 1] : nil }
            return variables[name]
        }
    }

    /// What a command prints, without the line ends that follow.
    private mutating func output(of command: ShellCommand) async throws -> String {
        let pipe = Pipe()
        let reader = PipeReader(pipe)
        var descriptors = context.descriptors
        descriptors[1] = Descriptor(source: nil, sink: PipeWriter(pipe))
        let child = fork(command, descriptors)
        descriptors = [:]
        var bytes = try await Self.all(of: reader)
        status = try await self.await(child)
        while bytes.last == 0x0A { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func pathNames(_ pattern: String) -> [String] {
        let isAbsolute = pattern.hasPrefix("/")
        let base = isAbsolute ? [0x2F] : context.directory
        let depth = pattern.utf8.split(separator: 0x2F).count
        let glob = GlobPattern(pattern)
        return context.disk.tree.withLock { tree -> [String] in
            guard let root = try? tree.node(base) else { return [] }
            return tree.walk(below: root).filter { found in
                found.path.split(separator: 0x2F).count == depth && glob.matches(found.path, includesHidden: false)
            }.map { (isAbsolute ? "/" : "") + String(decoding: $0.path, as: UTF8.self) }
        }
    }
}
