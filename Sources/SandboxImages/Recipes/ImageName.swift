import CSandlotSystem
public import SandboxCore

/// The names of built images. A name is a digest of everything that decides on the content, so equal content is built once, and a changed base, list
/// or recipe is another image.
public enum ImageName {
    /// Of every image that Sandlot builds in a store with names like `repository:tag`.
    public static let repository = "localhost/sandlot"

    /// 40 digits of hexadecimal.
    ///
    /// - Parameters:
    ///   - bases: digests of what it starts from, in order.
    ///   - packages: sorted.
    public static func key(bases: [String], architecture: String, packages: [String], spec: ImageSpec) -> String {
        var parts = ["recipe \(PackageRecipe.version)", architecture]
        parts += ["bases"] + bases + ["packages"] + packages
        if case .dockerfile(let text) = spec.content {
            parts += ["dockerfile", text]
            for (name, value) in spec.arguments.sorted(by: { $0.key < $1.key }) { parts += [name, value] }
        }
        // Each part with its length: no two lists give the same text.
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined(separator: "\n")
        return String(sha256(Array(text.utf8)).prefix(40))
    }

    /// `localhost/sandlot:KEY`.
    public static func reference(key: String) -> String { "\(repository):\(key)" }

    private static func sha256(_ bytes: [UInt8]) -> String {
        var state = sandlot_sha256()
        sandlot_sha256_init(&state)
        bytes.withUnsafeBytes { sandlot_sha256_update(&state, $0.baseAddress, $0.count) }
        var digest = [UInt8](repeating: 0, count: 32)
        digest.withUnsafeMutableBufferPointer { sandlot_sha256_final(&state, $0.baseAddress) }
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
