/// An archive that other programs were led astray by. Whoever unpacks it below a root may change nothing outside of that root, and tells what it
/// refused.
public struct HostileArchive: Sendable, CustomStringConvertible {
    /// What is wrong with it, in words.
    public let description: String
    /// A tar stream, with the two blocks at its end.
    public let bytes: [UInt8]
    /// The entries that are refused by name; nil when the archive itself is refused.
    public let refused: [String]?
    /// What is in the root afterwards, where the archive is not refused as a whole.
    public let left: [String]

    private init(_ description: String, _ bytes: [UInt8], refused: [String]?, left: [String] = []) {
        self.description = description
        self.bytes = bytes + [UInt8](repeating: 0, count: 1024)
        self.refused = refused
        self.left = left
    }

    /// A place outside of every root, which some of them aim at.
    public static let target = "/tmp/sandlot-escaped"

    /// All of them. They are meant for a root beside which `../outside/f` exists.
    public static let all: [HostileArchive] = leadingOut + misleading

    private static let leadingOut = [
        HostileArchive("a parent", file("../outside/f"), refused: ["../outside/f"]),
        HostileArchive("a parent further in", file("a/../../outside/f"), refused: ["a/../../outside/f"]),
        HostileArchive("an absolute path", file(target), refused: [target]),
        HostileArchive("a link on the way", link("d", "../outside") + file("d/f"), refused: ["d/f"], left: ["d"]),
        HostileArchive(
            "an absolute link on the way", link("d", "/tmp") + file("d/sandlot-escaped"), refused: ["d/sandlot-escaped"], left: ["d"]),
        HostileArchive(
            "a chain of links", link("a", ".") + link("b", "a/..") + link("c", "b/outside") + file("c/f"), refused: ["c/f"],
            left: ["a", "b", "c"]),
        HostileArchive(
            "a chain of links longer than a path",
            (0..<20).flatMap { link(long($0), String(repeating: "x/../", count: 700) + "..") } + file(long(19) + "/outside/f"),
            refused: [long(19) + "/outside/f"], left: (0..<20).map(long).sorted()),
        HostileArchive(
            "a folder that becomes a link", folder("d") + link("d", "../outside") + file("d/f"), refused: ["d"], left: ["d", "d/f"]),
        HostileArchive("a file over a link", link("f", "../outside/f") + file("f"), refused: [], left: ["f"]),
        HostileArchive("a hard link out", node("h", "1", link: "../outside/f"), refused: nil),
        HostileArchive(
            "a hard link through a link", link("l", "..") + node("h", "1", link: "l/outside/f") + file("h"), refused: nil),
    ]

    private static let misleading = [
        HostileArchive("devices", node("c", "3") + node("b", "4") + file("f"), refused: ["c", "b"], left: ["f"]),
        HostileArchive("a sparse file", node("s", "S", size: 1 << 40), refused: nil),
        HostileArchive("a size without content", node("f", "0", size: 1 << 33), refused: nil),
        HostileArchive("an extended header without end", node("x", "x", size: 1 << 30), refused: nil),
        HostileArchive("a name with a NUL", extended(["path": "a\u{0}/../../outside/f"]) + file("x"), refused: nil),
        HostileArchive("an empty part in a name", file("a//f"), refused: [], left: ["a", "a/f"]),
        HostileArchive(
            "two sizes, of which the extended one counts",
            extended(["size": "1024"]) + node("f", "0") + content(file("../outside/smuggled").prefix(1024)), refused: [], left: ["f"]),
        HostileArchive("the same name again and again", (0..<5000).flatMap { _ in file("f") }, refused: [], left: ["f"]),
        HostileArchive("set-id bits", node("f", "0", mode: 0o6755), refused: [], left: ["f"]),
        HostileArchive(
            "names that people misread", file("line\nbreak") + file("A") + file("a"), refused: [], left: ["A", "a", "line\nbreak"]),
    ]

    // MARK: Making them

    private static func long(_ number: Int) -> String { String(repeating: "l", count: 200) + "\(number)" }
    private static func file(_ name: String) -> [UInt8] { node(name, "0", size: 3) + content("abc".utf8) }
    private static func folder(_ name: String) -> [UInt8] { node(name, "5", mode: 0o755) }
    private static func link(_ name: String, _ target: String) -> [UInt8] { node(name, "2", link: target) }

    /// A header block as POSIX has it, with an extended one before it where a name does not fit.
    private static func node(
        _ name: String, _ type: Character, size: UInt64 = 0, mode: UInt32 = 0o644, link: String = ""
    ) -> [UInt8] {
        let before = name.utf8.count > 100 || link.utf8.count > 100 ? extended(["path": name, "linkpath": link]) : []
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Collection<UInt8>, at offset: Int, _ width: Int) {
            for (index, byte) in text.prefix(width).enumerated() { block[offset + index] = byte }
        }
        func put(_ number: UInt64, at offset: Int, _ width: Int) {
            let digits = String(number, radix: 8)
            // What octal digits have no room for is binary, with the highest bit set.
            guard digits.utf8.count < width else {
                for index in 0..<min(8, width - 1) {
                    block[offset + width - 1 - index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
                }
                block[offset] = 0x80
                return
            }
            put((String(repeating: "0", count: width - 1 - digits.utf8.count) + digits).utf8, at: offset, width)
        }
        put(name.utf8, at: 0, 100)
        put(UInt64(mode), at: 100, 8)
        put(0, at: 108, 8)
        put(0, at: 116, 8)
        put(size, at: 124, 12)
        put(1_700_000_000, at: 136, 12)
        put([UInt8](repeating: 0x20, count: 8), at: 148, 8)
        put([type.asciiValue ?? 0], at: 156, 1)
        put(link.utf8, at: 157, 100)
        put("ustar\u{0}00".utf8, at: 257, 8)
        put(UInt64(block.reduce(0) { $0 + Int($1) }), at: 148, 7)
        return before + block
    }

    private static func content(_ bytes: some Collection<UInt8>) -> [UInt8] {
        Array(bytes) + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    private static func extended(_ records: [String: String]) -> [UInt8] {
        let lines = records.sorted { $0.key < $1.key }.filter { !$0.value.isEmpty }.map { key, value in
            let rest = " \(key)=\(value)\n"
            var length = rest.utf8.count + 1
            while "\(length)".utf8.count + rest.utf8.count != length { length += 1 }
            return "\(length)\(rest)"
        }.joined()
        return node("x", "x", size: UInt64(lines.utf8.count)) + content(lines.utf8)
    }
}
