/// Names of the zone database, such as `Europe/Berlin`.
public enum TimeZoneName {
    /// Whether a text can be such a name: nothing that leads out of the database's directory, and no rule in the manner of POSIX.
    public static func isValid(_ name: String) -> Bool {
        guard (1...100).contains(name.utf8.count), name.first?.isLetter == true else { return false }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || "_-+".utf8.contains(byte)
                }
        }
    }

    /// The name; `invalidArgument` for what cannot be one.
    public static func validated(_ name: String) throws -> String {
        guard isValid(name) else {
            throw SandboxError(
                .invalidArgument, "'\(name.prefix(100))' is not the name of a time zone", remedy: "use a name such as Europe/Berlin or UTC")
        }
        return name
    }
}
