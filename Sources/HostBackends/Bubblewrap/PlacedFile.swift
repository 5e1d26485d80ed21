import SandboxCore
import SandboxProcess
import SystemPackage

/// A file that bwrap writes into the sandbox' root from a descriptor.
struct PlacedFile: Equatable {
    var target: FilePath
    var text: String

    /// A descriptor whose end is the content's end.
    func open() throws -> OwnedDescriptor { try Descriptors.memory(Array(text.utf8)) }

    /// The files of /etc that say who the sandbox is, instead of the host's.
    static func identity(hostname: String) -> [PlacedFile] {
        let user = BubblewrapPlan.insideUser
        return [
            PlacedFile(
                target: "/etc/passwd",
                text:
                    """
                    root:x:0:0:root:/root:/bin/sh
                    sandbox:x:\(user):\(user):sandbox:\(BubblewrapPlan.Place.home):/bin/sh
                    nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

                    """),
            PlacedFile(target: "/etc/group", text: "root:x:0:\nsandbox:x:\(user):\nnogroup:x:65534:\n"),
            PlacedFile(target: "/etc/hosts", text: "127.0.0.1 localhost \(hostname)\n::1 localhost ip6-localhost ip6-loopback\n"),
            PlacedFile(target: "/etc/hostname", text: hostname + "\n"),
        ]
    }
}
