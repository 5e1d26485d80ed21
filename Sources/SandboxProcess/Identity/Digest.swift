import CSandlotSystem

/// SHA-256.
public enum Digest {
    /// 64 digits of lower-case hexadecimal.
    public static func hex(_ bytes: [UInt8]) -> String {
        var state = sandlot_sha256()
        sandlot_sha256_init(&state)
        bytes.withUnsafeBytes { sandlot_sha256_update(&state, $0.baseAddress, $0.count) }
        var digest = [UInt8](repeating: 0, count: 32)
        digest.withUnsafeMutableBufferPointer { sandlot_sha256_final(&state, $0.baseAddress) }
        return digest.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
