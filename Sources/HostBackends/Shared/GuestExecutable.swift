public import SystemPackage
import Glibc
import SandboxCore
import SandboxProcess

/// Finds the static executable that runs inside every sandbox.
public enum GuestExecutable {
    /// Its file name.
    public static let name = "sandlot-guest"

    /// The first of: the setting `guest_path`, the variable `SANDLOT_GUEST`, the folder of the running executable, `../libexec/sandlot` from there.
    /// The first two are taken at their word: when one is wrong nothing else is tried.
    public static func locate(setting: FilePath?, variable: String?) throws -> FilePath {
        if let setting { return try checked(setting, origin: "the setting guest_path") }
        if let variable, !variable.isEmpty { return try checked(FilePath(variable), origin: "the variable SANDLOT_GUEST") }
        let candidates = InstalledFile.places(of: name)
        guard let found = candidates.first(where: { access($0.string, F_OK) == 0 }) else {
            let places = candidates.map(\.string).joined(separator: " and ")
            throw SandboxError(
                .unavailable, "the guest executable \(name) is neither at \(places)",
                remedy: "install it there, or name it by SANDLOT_GUEST=/path/to/\(name)")
        }
        return try checked(found, origin: "the installation")
    }

    private static func checked(_ path: FilePath, origin: String) throws -> FilePath {
        guard let text = realpath(path.string, nil) else {
            throw SandboxError(
                .unavailable, "the guest executable \(path) (from \(origin)) cannot be reached: \(SandboxError.reason(of: errno))",
                remedy: "correct \(origin)")
        }
        defer { free(text) }
        let real = FilePath(String(cString: text))
        guard access(real.string, X_OK) == 0 else {
            throw SandboxError(.unavailable, "the guest \(real) (from \(origin)) is not executable", remedy: "chmod 755 \(real)")
        }
        guard try isStatic(real) else {
            throw SandboxError(
                .unavailable, "the guest \(real) (from \(origin)) is not a static executable",
                remedy: "build it with `swift build --product \(name)` and name that file")
        }
        return real
    }

    /// Whether it is an ELF file without an interpreter: only that runs in an empty root file system.
    static func isStatic(_ path: FilePath) throws -> Bool {
        let file = OwnedDescriptor(open(path.string, O_RDONLY | O_CLOEXEC))
        guard file.raw >= 0 else { throw SandboxError.system("opening the guest \(path)", errno) }
        guard let head = try file.readAvailable(limit: 4096), head.count >= 64, head.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
            return false
        }
        func number(_ offset: Int, _ size: Int) -> Int? {
            guard offset >= 0, offset + size <= head.count else { return nil }
            return (0..<size).reduce(0) { $0 | Int(head[offset + $1]) << (8 * $1) }
        }
        guard let table = number(32, 4), let entrySize = number(54, 2), let count = number(56, 2) else { return false }
        for index in 0..<count {
            // PT_INTERP is 3.
            guard let type = number(table + index * entrySize, 4) else { return false }
            if type == 3 { return false }
        }
        return true
    }
}
