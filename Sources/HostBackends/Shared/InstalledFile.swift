import Glibc
import SystemPackage

/// Files of ours that were installed, or built, with the running executable.
enum InstalledFile {
    /// Where a file of this name may be: beside the running executable, or in `../libexec/sandlot` from there.
    static func places(of name: String) -> [FilePath] {
        guard let text = realpath("/proc/self/exe", nil) else { return [] }
        defer { free(text) }
        let folder = FilePath(String(cString: text)).removingLastComponent()
        return [folder.appending(name), folder.removingLastComponent().appending("libexec").appending("sandlot").appending(name)]
    }
}
