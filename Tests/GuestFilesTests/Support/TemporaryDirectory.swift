import Glibc

/// A directory that is removed, with all in it, when the test ends.
final class TemporaryDirectory {
    let path: String

    init(in parent: String = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp") throws {
        var template = Array("\(parent)/sandlot-files-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno() }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { _ = shell("chmod -R u+rwx '\(path)'; rm -rf '\(path)'") }

    struct Errno: Error { let number = errno }

    /// The path of something in it.
    func callAsFunction(_ name: String) -> [UInt8] { Array("\(path)/\(name)".utf8) }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    func write(_ bytes: [UInt8], to name: String) throws {
        guard let file = fopen("\(path)/\(name)", "w") else { throw Errno() }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw Errno() }
    }

    func read(_ name: String) -> [UInt8]? {
        guard let file = fopen("\(path)/\(name)", "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    func text(_ name: String) -> String? { read(name).map { String(decoding: $0, as: UTF8.self) } }

    func mode(_ name: String) -> UInt32? {
        var status = stat()
        return lstat("\(path)/\(name)", &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    func exists(_ name: String) -> Bool { mode(name) != nil }

    /// Everything in it, one line each, with what would show a change.
    var listing: String { shell("cd '\(path)' && find . -printf '%P %y %m %s %l\\n' | sort; find . -type f -exec sha256sum {} + | sort") }
}

/// What a shell command prints.
@discardableResult
func shell(_ command: String) -> String {
    guard let pipe = popen(command, "r") else { return "" }
    defer { pclose(pipe) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer[..<count]
    }
}

/// Numbers that look random and are the same in every run.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}
