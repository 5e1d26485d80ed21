/// A mode as `ls` writes it.
enum PermissionText {
    /// Nine letters: `rwxr-xr-x`.
    static func bits(_ mode: UInt32) -> String {
        (0..<9).map { mode & (0o400 >> UInt32($0)) != 0 ? ["r", "w", "x"][$0 % 3] : "-" }.joined()
    }
}
