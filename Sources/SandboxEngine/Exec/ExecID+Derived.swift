import CSandlotSystem
public import SandboxCore

extension ExecID {
    /// The id that always belongs to these texts: what makes a command that is asked for twice under one name the same command.
    public static func derived(from parts: [String]) -> ExecID {
        var state = sandlot_sha256()
        sandlot_sha256_init(&state)
        for part in parts {
            // With its length, so that no two lists of parts have the same bytes.
            let bytes = Array("\(part.utf8.count):\(part)".utf8)
            bytes.withUnsafeBytes { sandlot_sha256_update(&state, $0.baseAddress, $0.count) }
        }
        var digest = [UInt8](repeating: 0, count: 32)
        digest.withUnsafeMutableBufferPointer { sandlot_sha256_final(&state, $0.baseAddress) }
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        return ExecID(unchecked: "exe-" + String(digest.prefix(20).map { alphabet[Int($0 & 31)] }))
    }
}
