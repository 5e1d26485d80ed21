import Glibc
import SandboxCore
import SandboxProcess
import SystemPackage

/// A file that bwrap writes into the sandbox' root from a descriptor.
struct PlacedFile: Equatable {
    enum Content: Equatable {
        case text(String)
        /// A copy of the host's file.
        case host(FilePath)
    }

    var target: FilePath
    var content: Content

    /// A descriptor whose end is the content's end.
    func open() throws -> OwnedDescriptor {
        switch content {
        case .text(let text): return try Descriptors.memory(Array(text.utf8))
        case .host(let path):
            let file = OwnedDescriptor(Glibc.open(path.string, O_RDONLY | O_CLOEXEC))
            guard file.raw >= 0 else { throw SandboxError.system("opening \(path)", errno) }
            return file
        }
    }

    /// The files of /etc that say who the sandbox is, instead of the host's.
    static func identity(hostname: String) -> [PlacedFile] {
        let user = BubblewrapPlan.insideUser
        return [
            PlacedFile(
                target: "/etc/passwd",
                content: .text(
                    """
                    root:x:0:0:root:/root:/bin/sh
                    sandbox:x:\(user):\(user):sandbox:\(BubblewrapPlan.Place.home):/bin/sh
                    nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

                    """)),
            PlacedFile(target: "/etc/group", content: .text("root:x:0:\nsandbox:x:\(user):\nnogroup:x:65534:\n")),
            PlacedFile(target: "/etc/hosts", content: .text("127.0.0.1 localhost \(hostname)\n::1 localhost ip6-localhost ip6-loopback\n")),
            PlacedFile(target: "/etc/hostname", content: .text(hostname + "\n")),
        ]
    }
}
