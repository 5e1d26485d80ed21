import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// The root file system of sandboxes that name none: BusyBox and the few files that programs look for.
enum BusyBoxTree {
    /// Changes whenever what `fill` makes does.
    static let version = "busybox tree 1"

    /// A static `busybox` of the host.
    static func locate(_ host: MachineHost) throws -> FilePath {
        guard let path = host.program("busybox") else {
            throw SandboxError(
                .unavailable, "there is no busybox, of which the machines' own root file system is made",
                remedy: "install it: apt-get install busybox-static; or name a root file system by the setting root_directory")
        }
        return path
    }

    /// Fills an empty folder.
    static func fill(_ folder: FilePath, with busybox: FilePath, keeper: ProcessKeeper) async throws {
        let list = try await CommandRunner(keeper: keeper).run(busybox, ["--list"])
        let names = list.outputText.split(separator: "\n").map(String.init).filter { !$0.contains("/") && $0 != "busybox" }
        guard list.isSuccess, names.contains("sh") else {
            throw SandboxError(.unavailable, "\(busybox) --list did not list its programs", remedy: "install busybox-static")
        }
        for name in ["bin", "etc", "usr", "home", "root", "var", "tmp"] { try HostDirectory.create(folder.appending(name), mode: 0o755) }
        let program = folder.appending("bin").appending("busybox")
        let copied = try await CommandRunner(keeper: keeper).run("/bin/cp", ["--", busybox.string, program.string], deadline: .seconds(30))
        guard copied.isSuccess, chmod(program.string, 0o755) == 0 else {
            throw SandboxError(.unavailable, "copying \(busybox) failed: \(copied.errorText)")
        }
        let links = names.map { ("bin/\($0)", "busybox") } + [("sbin", "bin"), ("usr/bin", "../bin"), ("usr/sbin", "../bin")]
        for (name, target) in links where symlink(target, folder.appending(name).string) != 0 {
            throw SandboxError.system("making the link \(name) of a root file system", errno)
        }
        let etc = folder.appending("etc")
        let user = MachineShape.user
        try write(
            "root:x:0:0:root:/root:/bin/sh\nsandbox:x:\(user.uid):\(user.gid):sandbox:\(MachineShape.home):/bin/sh\n",
            to: etc.appending("passwd"))
        try write("root:x:0:\nsandbox:x:\(user.gid):\n", to: etc.appending("group"))
        try write("passwd: files\ngroup: files\nhosts: files dns\n", to: etc.appending("nsswitch.conf"))
    }

    private static func write(_ text: String, to path: FilePath) throws {
        try HostDirectory.replace(path, with: Array(text.utf8), survivesPowerLoss: false)
        guard chmod(path.string, 0o644) == 0 else { throw SandboxError.system("setting the mode of \(path)", errno) }
    }
}
