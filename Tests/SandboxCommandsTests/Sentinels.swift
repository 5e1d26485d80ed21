import Foundation
import Testing

/// Secrets that nobody has seen before, and the search for every place where one of them came out.
struct Sentinels {
    /// What is searched for, by what it was planted as.
    private(set) var planted: [String: String] = [:]
    /// Everything that was said, by who said it.
    private(set) var heard: [(speaker: String, bytes: Data)] = []

    /// A fresh secret. Long enough to be unique, of characters that nothing escapes.
    mutating func plant(_ what: String) -> String {
        let secret = "Sentinel" + UUID().uuidString.filter { $0 != "-" }
        planted[what] = secret
        return secret
    }

    /// Takes one that Sandlot made itself.
    mutating func adopt(_ secret: String, _ what: String) { planted[what] = secret }

    mutating func hear(_ speaker: String, _ result: BuiltSandlot.Result) {
        heard.append((speaker + " (output)", result.output))
        heard.append((speaker + " (error)", Data(result.error.utf8)))
    }

    mutating func hear(_ speaker: String, _ bytes: Data) { heard.append((speaker, bytes)) }

    /// Every place where one came out, among what was said, the files below these directories and the arguments of all processes.
    func leaks(below directories: [URL]) -> [String] {
        var leaks: [String] = []
        for (speaker, bytes) in heard { leaks += found(in: bytes).map { "\($0) in \(speaker)" } }
        for directory in directories {
            let walker = FileManager.default.enumerator(at: directory, includingPropertiesForKeys: [.isRegularFileKey])
            for case let file as URL in walker?.allObjects ?? [] {
                leaks += found(in: Data(file.lastPathComponent.utf8)).map { "\($0) in the name \(file.path)" }
                guard (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true else { continue }
                leaks += found(in: (try? Data(contentsOf: file)) ?? Data()).map { "\($0) in \(file.path)" }
            }
        }
        for process in Self.processes {
            leaks += found(in: Self.file("/proc/\(process)/cmdline")).map { "\($0) in the arguments of process \(process)" }
        }
        return leaks
    }

    /// The programs of the processes whose environment holds a secret.
    func holders(of what: String) -> [String] {
        guard let secret = planted[what] else { return [] }
        return Self.processes.filter { Self.file("/proc/\($0)/environ").range(of: Data(secret.utf8)) != nil }.map {
            String(decoding: Self.file("/proc/\($0)/cmdline").split(separator: 0).first ?? Data(), as: UTF8.self)
        }
    }

    /// What was planted that stands in these bytes: as it is, in hexadecimal or in base 64.
    private func found(in bytes: Data) -> [String] {
        planted.filter { _, secret in
            let raw = Data(secret.utf8)
            let hexadecimal = raw.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            return ([raw, Data(hexadecimal.utf8)] + Self.base64(raw)).contains { bytes.range(of: $0) != nil }
        }.map(\.key)
    }

    /// The middle of the text in base 64, for each of the three ways in which it may be aligned.
    private static func base64(_ raw: Data) -> [Data] {
        (0..<3).map { shift in
            let part = raw.dropFirst(shift)
            return Data(Data(part.prefix(part.count / 3 * 3)).base64EncodedString().utf8)
        }
    }

    private static var processes: [Int] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap(Int.init)
    }

    private static func file(_ path: String) -> Data { (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data() }
}
