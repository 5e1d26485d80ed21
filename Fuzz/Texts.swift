@testable import CloudBackends
import SandboxCore
import SandboxImages
@testable import SandboxMCP
@testable import SandboxSettings

/// Lines do not depend on how they come, and none is longer than its limit.
func fuzzLines(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let text = Array(input.dropFirst())
    hold(split(text, cut: text.count) == split(text, cut: Int(first) % 7 + 1), "lines depend on how they come")
    hold(decoded(text, cut: text.count) == decoded(text, cut: Int(first) % 7 + 1), "bytes depend on how their lines come")
}

private func split(_ text: [UInt8], cut: Int) -> [[UInt8]] {
    var splitter = LineSplitter(limit: 64)
    var lines: [LineSplitter.Line] = []
    for piece in pieces(text, cut) { lines += splitter.add(piece) }
    lines += splitter.finish()
    return lines.compactMap { line in
        guard case .whole(let bytes) = line else { return nil }
        hold(bytes.count <= 64, "a line is longer than its limit")
        return bytes
    }
}

/// Nil where it is refused.
private func decoded(_ text: [UInt8], cut: Int) -> [UInt8]? {
    var lines = TextLines()
    var bytes: [UInt8] = []
    for piece in pieces(text, cut) {
        guard let more = try? lines.decode(piece) else { return nil }
        bytes += more
    }
    return bytes
}

private func pieces(_ text: [UInt8], _ cut: Int) -> [[UInt8]] {
    stride(from: 0, to: text.count, by: max(1, cut)).map { Array(text[$0..<min(text.count, $0 + max(1, cut))]) }
}

/// What people and clients write in one word: sizes, durations, names of images, Dockerfiles.
func fuzzWords(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    _ = try? ByteSize.parse(text)
    _ = try? DurationText.parse(text, bareSeconds: true)
    _ = try? ImageExpression(parsing: text)
    _ = try? DockerfileBases.references(in: text)
    hold(words(ofShell: ShellWord.line([text, "end"])) == [Array(text.utf8), Array("end".utf8)], "a shell reads other words")
}

/// How a shell reads a line of single quotes, backslashes and blanks.
private func words(ofShell line: String) -> [[UInt8]] {
    var words: [[UInt8]] = [[]]
    var isQuoted = false
    var isEscaped = false
    for byte in line.utf8 {
        switch byte {
        case _ where isEscaped:
            words[words.count - 1].append(byte)
            isEscaped = false
        case UInt8(ascii: "'"): isQuoted.toggle()
        case UInt8(ascii: "\\") where !isQuoted: isEscaped = true
        case UInt8(ascii: " ") where !isQuoted: words.append([])
        default: words[words.count - 1].append(byte)
        }
    }
    return words
}
