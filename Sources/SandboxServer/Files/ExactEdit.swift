import SandboxAPI
import SandboxCore
import SystemPackage

/// Replaces exact text. Every replacement must occur exactly as often as it says, else the file stays as it is.
struct ExactEdit: Sendable {
    var edits: [FileEditBody.Edit]

    /// Larger files are not edited in one piece.
    private static let largest = 16 << 20

    func apply(to path: FilePath, in files: any SandboxFileSystem) async throws -> FileEditResultBody {
        guard !edits.isEmpty else { throw SandboxError(.invalidArgument, "there is nothing to replace", remedy: "give at least one edit") }
        var content = try await files.readAll(path, limit: Self.largest)
        var replaced = 0
        for (index, edit) in edits.enumerated() {
            let (old, new) = (Array(edit.old.utf8), Array(edit.new.utf8))
            let wanted = try Count.check(edit.count ?? 1, "count", 1...1_000_000)
            guard !old.isEmpty else {
                throw SandboxError(.invalidArgument, "edit \(index + 1) replaces nothing", remedy: "say what 'old' is")
            }
            let places = Self.places(of: old, in: content)
            guard places.count == wanted else {
                throw SandboxError(
                    .conflict, "the text of edit \(index + 1) occurs \(places.count) times in \(path), not \(wanted)",
                    remedy: places.isEmpty ? "read the file again" : "give more of the text around it, or the right count")
            }
            content = Self.replacing(old.count, at: places, with: new, in: content)
            replaced += places.count
        }
        guard content.count <= Self.largest else {
            throw FileRefusal(.tooLarge, path: path, message: "the file would be larger than \(Self.largest) bytes")
        }
        try await files.write(content, to: path, options: FileWriteOptions())
        return FileEditResultBody(replaced: replaced, size: UInt64(content.count))
    }

    /// Where the text begins, without overlaps.
    private static func places(of text: [UInt8], in content: [UInt8]) -> [Int] {
        guard let first = text.first, content.count >= text.count else { return [] }
        var found: [Int] = []
        var position = 0
        let last = content.count - text.count
        while position <= last, let next = content[position...last].firstIndex(of: first) {
            if content[next..<(next + text.count)].elementsEqual(text) {
                found.append(next)
                position = next + text.count
            } else {
                position = next + 1
            }
        }
        return found
    }

    private static func replacing(_ length: Int, at places: [Int], with new: [UInt8], in content: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        for place in places {
            result += content[position..<place]
            result += new
            position = place + length
        }
        return result + content[position...]
    }
}
