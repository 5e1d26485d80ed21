import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// A Linux kernel for machines, and the modules of it that they need.
struct MachineKernel: Sendable {
    let image: FilePath
    /// In the order in which they are loaded; what is built into the kernel is missing.
    let modules: [FilePath]

    /// The kernel that the settings name, else the newest of the machine's boot folder, made for clouds before others.
    static func find(
        _ settings: MachineSettings, for kind: MonitorKind, bootFolder: FilePath = "/boot", moduleFolder: FilePath = "/lib/modules"
    ) throws -> MachineKernel {
        let remedy = "install one: apt-get install linux-image-cloud-amd64; or name one by the settings kernel and modules"
        if let image = settings.kernel {
            let version = version(of: image)
            guard let folder = settings.modules ?? version.map({ moduleFolder.appending($0) }) else {
                throw SandboxError(
                    .invalidArgument, "the setting kernel names '\(image)', which does not tell its version",
                    remedy: "name the folder with its modules by the setting modules")
            }
            return try MachineKernel(image: image, folder: folder, kind)
        }
        let versions = try HostDirectory.names(in: bootFolder).compactMap { version(of: bootFolder.appending($0)) }
        let known = versions.filter { HostDirectory.exists(moduleFolder.appending($0).appending("modules.dep")) }
        func isLess(_ left: String, _ right: String) -> Bool {
            if left.contains("cloud") != right.contains("cloud") { return right.contains("cloud") }
            func numbers(_ version: String) -> [Int] { version.split { !$0.isNumber }.compactMap { Int($0) } }
            return numbers(left).lexicographicallyPrecedes(numbers(right))
        }
        guard let version = known.max(by: isLess) else {
            throw SandboxError(.unavailable, "there is no kernel with modules in \(bootFolder)", remedy: remedy)
        }
        return try MachineKernel(image: bootFolder.appending("vmlinuz-\(version)"), folder: moduleFolder.appending(version), kind)
    }

    private static func version(of image: FilePath) -> String? {
        guard let name = image.lastComponent?.string, name.hasPrefix("vmlinuz-") else { return nil }
        return String(name.dropFirst("vmlinuz-".count))
    }

    private init(image: FilePath, folder: FilePath, _ kind: MonitorKind) throws {
        guard access(image.string, R_OK) == 0 else {
            throw SandboxError(
                .unavailable, "the kernel \(image) cannot be read: \(SandboxError.reason(of: errno))",
                remedy: "let this user read it: chmod 0644 \(image); or name another by the setting kernel")
        }
        self.image = image
        guard let bytes = try HostDirectory.contents(folder.appending("modules.dep"), limit: 16 << 20) else {
            throw SandboxError(
                .unavailable, "the kernel's modules are not at \(folder)", remedy: "name their folder by the setting modules")
        }
        let builtin = try HostDirectory.contents(folder.appending("modules.builtin"), limit: 16 << 20) ?? []
        let order = try Self.order(
            of: kind.modules, dependencies: String(decoding: bytes, as: UTF8.self), builtin: String(decoding: builtin, as: UTF8.self))
        modules = order.map { folder.appending($0) }
        if let packed = modules.first(where: { !$0.string.hasSuffix(".ko") }) {
            throw SandboxError(
                .unsupported, "the kernel's modules are compressed: \(packed)",
                remedy: "use Debian's kernel (apt-get install linux-image-cloud-amd64), or unpack them and name their folder by modules")
        }
    }

    /// The files of these modules, each behind those that it needs, from the texts that `depmod` writes.
    static func order(of names: [String], dependencies: String, builtin: String) throws -> [String] {
        func name(_ path: Substring) -> String {
            let file = path.split(separator: "/").last ?? path
            return String(file.prefix { $0 != "." }).split(separator: "-").joined(separator: "_")
        }
        let wanted = Set(names)
        var lines: [String: [Substring]] = [:]
        for line in dependencies.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard let path = parts.first, wanted.contains(name(path)) else { continue }
            // The last one needs none of the others.
            lines[name(path)] = (parts.count > 1 ? parts[1].split(separator: " ").reversed() : []) + [path]
        }
        var order: [String] = []
        for wanted in names {
            guard let line = lines[wanted] else {
                guard builtin.split(separator: "\n").contains(where: { name($0) == wanted }) else {
                    throw SandboxError(
                        .unavailable, "the kernel has no \(wanted)", remedy: "use Debian's kernel: apt-get install linux-image-cloud-amd64")
                }
                continue
            }
            for path in line.map(String.init) where !order.contains(path) { order.append(path) }
        }
        return order
    }

    func stamps() throws -> [String] { try ([image] + modules).map { try FileStamp($0).text } }
}
