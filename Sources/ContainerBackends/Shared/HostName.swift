import SandboxCore

/// The name that a sandbox gives its machine.
enum HostName {
    static func check(_ name: String, backend: BackendID) throws {
        let allowed = name.utf8.allSatisfy { byte in
            (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D || byte == 0x2E
        }
        guard (1...63).contains(name.utf8.count), allowed, name.first != "-", name.first != "." else {
            throw SandboxError(
                .invalidArgument, "'\(name.prefix(80))' is not a host name", remedy: "use 1 to 63 letters, digits, '-' and '.'",
                backend: backend)
        }
    }
}
