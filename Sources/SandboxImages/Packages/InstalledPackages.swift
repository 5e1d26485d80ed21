/// What a root file system has installed, read from its package manager's own files. They come from an image, so they are only searched.
public enum InstalledPackages {
    /// Where each package manager keeps its list; nil where only its own program can read it.
    public static func listPath(_ manager: PackageManager) -> String? {
        switch manager {
        case .apt: "/var/lib/dpkg/status"
        case .apk: "/lib/apk/db/installed"
        case .dnf: nil
        }
    }

    /// The command that prints one name a line, where there is no file.
    public static func listCommand(_ manager: PackageManager) -> [String]? {
        manager == .dnf ? ["rpm", "-qa", "--queryformat", "%{NAME}\\n"] : nil
    }

    /// The names in a list.
    public static func names(in bytes: [UInt8], _ manager: PackageManager) -> Set<String> {
        var names: Set<String> = []
        switch manager {
        case .apt:
            // Paragraphs of `Field: value`; what was removed but left its configuration is listed too.
            for paragraph in fields(in: bytes) {
                guard let name = paragraph["Package"], paragraph["Status"]?.hasSuffix(" installed") == true else { continue }
                names.insert(name)
                for provided in (paragraph["Provides"] ?? "").split(separator: ",") {
                    names.insert(String(provided.drop { $0 == " " }.prefix { $0 != " " }))
                }
            }
        case .apk:
            for line in lines(bytes) where line.hasPrefix("P:") { names.insert(String(line.dropFirst(2))) }
        case .dnf:
            for line in lines(bytes) { names.insert(String(line)) }
        }
        return names
    }

    private static func lines(_ bytes: [UInt8]) -> [Substring] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    private static func fields(in bytes: [UInt8]) -> [[String: String]] {
        let wanted: Set<Substring> = ["Package", "Status", "Provides"]
        var paragraphs: [[String: String]] = []
        var current: [String: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                if !current.isEmpty { paragraphs.append(current) }
                current = [:]
                continue
            }
            guard line.first != " ", let colon = line.firstIndex(of: ":"), wanted.contains(line[..<colon]) else { continue }
            current[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        if !current.isEmpty { paragraphs.append(current) }
        return paragraphs
    }
}
