/// A Linux distribution, as a root file system's `os-release` names it.
public struct Distribution: Sendable, Equatable {
    /// `debian`, `alpine`, `fedora`; lower case.
    public var id: String
    /// `12`, `3.20`; empty where the distribution rolls.
    public var version: String
    /// `Debian GNU/Linux 12 (bookworm)`.
    public var name: String
    public var manager: PackageManager

    /// Reads the bytes of an `os-release` file; nil when it names no distribution whose packages can be installed. The bytes come from an image,
    /// so whatever they hold is only compared and never executed.
    public init?(osRelease bytes: [UInt8]) {
        guard bytes.count <= 64 << 10 else { return nil }
        var fields: [String: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !line.hasPrefix("#") else { continue }
            fields[String(parts[0])] = Self.unquoted(parts[1])
        }
        let id = (fields["ID"] ?? "").lowercased()
        let family = [id] + (fields["ID_LIKE"] ?? "").lowercased().split(separator: " ").map(String.init)
        guard let manager = family.lazy.compactMap({ PackageManager.families[$0] }).first else { return nil }
        self.id = id
        version = fields["VERSION_ID"] ?? ""
        name = String((fields["PRETTY_NAME"] ?? id).prefix(120).filter { !$0.isNewline && $0 != "\u{1B}" })
        self.manager = manager
    }

    /// Creates a distribution from its parts.
    public init(id: String, version: String, name: String, manager: PackageManager) {
        self.id = id
        self.version = version
        self.name = name
        self.manager = manager
    }

    /// Debian 13 and Ubuntu 24.04 gave libraries with 64-bit time a new name, `libcups2t64`.
    var hasLongTimeNames: Bool {
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        switch id {
        case "debian": return numbers.isEmpty || numbers[0] >= 13
        case "ubuntu": return numbers.isEmpty || numbers[0] >= 24
        default: return false
        }
    }

    private static func unquoted(_ text: Substring) -> String {
        var text = text
        if text.count >= 2, let first = text.first, first == "\"" || first == "'", text.last == first {
            text = text.dropFirst().dropLast()
        }
        return text.filter { $0 != "\\" }
    }
}

/// How a distribution installs packages.
public enum PackageManager: String, Sendable, CaseIterable {
    case apt
    case dnf
    case apk

    static let families: [String: PackageManager] = [
        "debian": .apt, "ubuntu": .apt, "fedora": .dnf, "rhel": .dnf, "centos": .dnf, "amzn": .dnf, "rocky": .dnf, "almalinux": .dnf,
        "ol": .dnf, "alpine": .apk, "wolfi": .apk,
    ]
}
